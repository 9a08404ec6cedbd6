"""The fixtures of these tests."""

from tests.fixtures.game import brain, game, world
from tests.fixtures.postgres import postgres, postgres_server

__all__ = ["brain", "game", "postgres", "postgres_server", "world"]
