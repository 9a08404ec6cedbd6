"""The fixtures of these tests, which all hold on every adapter."""

from tests.fixtures.front import either_adapter as adapter
from tests.fixtures.front import front, lively
from tests.fixtures.game import brain, game, world
from tests.fixtures.postgres import postgres, postgres_server

__all__ = ["adapter", "brain", "front", "game", "lively", "postgres", "postgres_server", "world"]
