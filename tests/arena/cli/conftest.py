"""Commands as processes of their own, against a whole arena on the real local chain."""

from tests.arena.game.conftest import arena, dsn, postgres_server
from tests.fixtures.front import adapter, front
from tests.fixtures.postgres import postgres

__all__ = ["adapter", "arena", "dsn", "front", "postgres", "postgres_server"]
