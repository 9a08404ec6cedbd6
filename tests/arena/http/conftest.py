"""The fixtures of these tests."""

from tests.fixtures.front import front
from tests.fixtures.postgres import postgres, postgres_server

__all__ = ["front", "postgres", "postgres_server"]
