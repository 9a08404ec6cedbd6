"""A whole arena in the test's own process, on the real local chain."""

from tests.arena.game.conftest import arena, dsn, postgres_server

__all__ = ["arena", "dsn", "postgres_server"]
