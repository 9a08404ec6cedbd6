"""Answers to a client's frames: worked on beside each other, each within its time, and never too many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import outcome
import trio
from trio.lowlevel import Abort, RaiseCancelT, Task

T = TypeVar("T")


class Answering(Generic[T]):
    """Has `answer` called for each item, in tasks of `nursery`.

    One task stays and waits for the next item: to begin and end a task costs more than most answers, and a client
    seldom asks for the next thing before it is answered.

    Args:
        answer: does not raise.
        late: called when an answer took longer than `seconds`, and was cancelled.
        limit: items that are worked on at once.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        answer: Callable[[T], Awaitable[None]],
        late: Callable[[T], None],
        *,
        seconds: float,
        limit: int,
    ) -> None:
        self._nursery = nursery
        self._answer = answer
        self._late = late
        self._seconds = seconds
        self._limit = limit
        self._working = 0
        self._idle: Task | None = None

    def begin(self, item: T) -> bool:
        """Work on the item; False: too many others are being worked on."""
        if self._working >= self._limit:
            return False
        self._working += 1
        idle, self._idle = self._idle, None
        if idle is None:
            self._nursery.start_soon(self._work, item)
        else:
            trio.lowlevel.reschedule(idle, outcome.Value(item))
        return True

    async def _work(self, item: T) -> None:
        while True:
            # not `fail_after`: it is a generator, and this is done for every frame
            with trio.move_on_after(self._seconds) as scope:
                await self._answer(item)
            if scope.cancelled_caught:
                self._late(item)
            self._working -= 1
            if self._idle is not None:
                return
            item = await self._next()

    async def _next(self) -> T:
        self._idle = trio.lowlevel.current_task()
        item: T = await trio.lowlevel.wait_task_rescheduled(self._stop_waiting)
        return item

    def _stop_waiting(self, _raise_cancel: RaiseCancelT) -> Abort:
        self._idle = None
        return Abort.SUCCEEDED
