"""One read for many who ask at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class SharedRead(Generic[T]):
    """Answers with a read that began after the question; whoever asks while one is under way shares the next."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._turn = trio.Lock()
        self._begun = 0
        self._last: tuple[int, T] | None = None

    async def get(self) -> T:
        """Raises what the read does."""
        wanted = self._begun + 1
        async with self._turn:
            if self._last is not None and self._last[0] >= wanted:
                return self._last[1]
            self._begun += 1
            number = self._begun
            self._last = None  # so that an old one is not kept for long
            value = await self._read()
            self._last = number, value
            return value
