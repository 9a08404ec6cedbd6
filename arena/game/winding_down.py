"""How an arena ends: nothing new is begun, and what is being thought about is finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from arena.problems import Problem

RETRY_AFTER = 5
"""Seconds after which clients shall come back: what a restart takes, and a little."""


class WindingDown:
    """Whether the arena is about to end, and how much of what may not be lost is under way."""

    def __init__(self) -> None:
        self.began = False
        self._at_work = 0
        self._idle = trio.Event()
        self._idle.set()

    def begin(self) -> None:
        """From now on nothing new."""
        self.began = True

    def refuse(self) -> None:
        """Raises `Problem` 503 `shutting_down` when it is too late to begin something."""
        if self.began:
            raise shutting_down()

    @property
    def at_work(self) -> int:
        """How many pieces of work are not finished."""
        return self._at_work

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work that the end waits for, for a while."""
        self._at_work += 1
        if self._idle.is_set():
            self._idle = trio.Event()
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()

    async def finished(self) -> None:
        """Wait until nothing is under way."""
        while self._at_work:
            await self._idle.wait()


def shutting_down() -> Problem:
    return Problem(
        "shutting_down",
        "The arena is being restarted",
        503,
        "Nothing is lost. Come back in a moment.",
        {"retry_after": RETRY_AFTER},
    )
