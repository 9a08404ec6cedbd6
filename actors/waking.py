"""What a task that has only waited is woken with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Final, TypeVar

import outcome

ResultT = TypeVar("ResultT")


class _Woken(outcome.Outcome[None]):
    """Nothing. Unlike trio's own it can be used again and again, so none is made for each message."""

    __slots__ = ()

    def unwrap(self) -> None:
        return None

    def send(self, gen: Generator[ResultT, None, object]) -> ResultT:
        return gen.send(None)

    async def asend(self, agen: AsyncGenerator[ResultT, None]) -> ResultT:
        return await agen.asend(None)


WOKEN: Final = _Woken()
"""To `trio.lowlevel.reschedule` with."""
