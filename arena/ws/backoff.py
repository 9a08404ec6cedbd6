"""Waiting longer after each failure."""

from __future__ import annotations

import random

import trio


class Backoff:
    """Waits double with each failure, up to a limit, with some chance in it so that not all come back at
    once.
    """

    def __init__(self, first: float = 0.1, limit: float = 5.0) -> None:
        self._first = first
        self._limit = limit
        self._next = first

    @property
    def fresh(self) -> bool:
        """Whether nothing failed since the last success."""
        return self._next == self._first

    def reset(self) -> None:
        self._next = self._first

    async def wait(self) -> None:
        delay, self._next = self._next, min(self._limit, self._next * 2)
        await trio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 -- no secret
