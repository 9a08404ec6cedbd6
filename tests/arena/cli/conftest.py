"""Commands as processes of their own, against a whole arena on the real local chain."""

from tests.arena.game.conftest import arena, dsn, postgres_server

__all__ = ["arena", "dsn", "postgres_server"]
