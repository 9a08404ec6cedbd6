"""An answer that is good for a moment: who asks meanwhile is given the same one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

T = TypeVar("T")


class Recent(Generic[T]):
    """The answer of `ask`, at most `seconds` old, counted from when it was asked for.

    Several who want it at the same time wait for one question. When that fails, the next of them asks again.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._answer: T | None = None
        self._asked_at = -float("inf")
        self._lock = trio.Lock()

    async def get(self) -> T:
        """The answer. A checkpoint only when it has to be asked for. Raises what `ask` raises."""
        if (answer := self._kept()) is not None:
            return answer
        async with self._lock:
            if (answer := self._kept()) is not None:
                return answer
            asked_at = trio.current_time()
            self._answer = answer = await self._ask()
            self._asked_at = asked_at
            return answer

    def _kept(self) -> T | None:
        return self._answer if trio.current_time() - self._asked_at <= self._seconds else None
