"""The fixtures of these tests."""

from tests.fixtures.game import brain, game, postgres, world

__all__ = ["brain", "game", "postgres", "world"]
