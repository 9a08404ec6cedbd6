"""So many at once, and no waiting where there is room."""

from __future__ import annotations

from types import TracebackType

import trio


class Places:
    """A number of places, each held for the length of an ``async with`` block; who finds none waits, in order.

    `trio.CapacityLimiter` gives other tasks a turn each time, also when there is room. Here that is a checkpoint only
    for those who have to wait: it stands before work that is one.
    """

    __slots__ = ("_limiter",)

    def __init__(self, total: int) -> None:
        self._limiter = trio.CapacityLimiter(total)

    @property
    def free(self) -> int:
        """How many nobody holds."""
        return int(self._limiter.available_tokens)

    async def take(self, borrower: object) -> None:
        """Take a place in the name of anything; `give_back` ends it."""
        try:
            self._limiter.acquire_on_behalf_of_nowait(borrower)
        except trio.WouldBlock:
            await self._limiter.acquire_on_behalf_of(borrower)

    def give_back(self, borrower: object) -> None:
        """Whoever waits longest has it now."""
        self._limiter.release_on_behalf_of(borrower)

    async def __aenter__(self) -> None:
        await self.take(trio.lowlevel.current_task())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.give_back(trio.lowlevel.current_task())
