"""The fixtures of these tests."""

from tests.fixtures.front import front, postgres

__all__ = ["front", "postgres"]
