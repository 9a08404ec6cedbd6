"""The fixtures of these tests."""

from tests.fixtures.front import adapter, front
from tests.fixtures.postgres import postgres, postgres_server

__all__ = ["adapter", "front", "postgres", "postgres_server"]
