"""The fixtures of these tests."""

from tests.fixtures.front import front, lively
from tests.fixtures.postgres import postgres, postgres_server

__all__ = ["front", "lively", "postgres", "postgres_server"]
