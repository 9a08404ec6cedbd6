"""The fixtures of these tests."""

from tests.fixtures.front import front, lively
from tests.fixtures.game import brain, game, world
from tests.fixtures.postgres import postgres, postgres_server

__all__ = ["brain", "front", "game", "lively", "postgres", "postgres_server", "world"]
