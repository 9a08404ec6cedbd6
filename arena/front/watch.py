"""Looking after all connections: one task for their deadlines, instead of timers in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Protocol

import trio

MAX_AT_ONCE = 500
"""Connections that are looked at before others have their turn."""


class Watched(Protocol):
    """Something with deadlines of its own."""

    def look_after(self, now: float) -> None:
        """Do what is due at `now`, a time of trio's clock, without waiting."""
        ...


class Watch:
    """Looks after everything in it every `interval` seconds, so a deadline is that much late at most."""

    def __init__(self) -> None:
        self._watched: dict[Watched, None] = {}

    def __len__(self) -> int:
        return len(self._watched)

    @contextmanager
    def over(self, watched: Watched) -> Iterator[None]:
        """Look after it during the block."""
        self._watched[watched] = None
        try:
            yield
        finally:
            del self._watched[watched]

    async def run(self, interval: float) -> NoReturn:
        while True:
            await trio.sleep(interval)
            now = trio.current_time()
            for number, watched in enumerate(list(self._watched), 1):
                watched.look_after(now)
                if not number % MAX_AT_ONCE:
                    await trio.lowlevel.checkpoint()
