"""One task and one heap for all timers of a system."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

import trio


class Timer:
    """Something that happens once, later, unless it is cancelled before."""

    __slots__ = ("_callback", "_queue", "due")

    def __init__(self, queue: TimerQueue, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        """On trio's clock, in seconds."""
        self._queue = queue
        self._callback: Callable[[], None] | None = callback

    @property
    def active(self) -> bool:
        """Whether it is still going to happen."""
        return self._callback is not None

    def cancel(self) -> None:
        """Make sure that it does not happen. Cancelling twice, or too late, does nothing."""
        if self._callback is not None:
            self._callback = None
            self._queue._cancelled_one()

    def _fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class TimerQueue:
    """Timers in the order of their due times; those due at the same time in the order they were made."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._made = 0
        self._cancelled = 0
        self._scope = trio.CancelScope()

    def __len__(self) -> int:
        """How many timers are still to come."""
        return len(self._heap) - self._cancelled

    def schedule(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` when trio's clock reads ``due``. It must neither wait nor raise."""
        timer = Timer(self, due, callback)
        self._made += 1
        heapq.heappush(self._heap, (due, self._made, timer))
        if due < self._scope.deadline:
            self._scope.deadline = due
        return timer

    async def run(self) -> None:
        """Serve the timers until cancelled."""
        while True:
            now, newest = trio.current_time(), self._made
            # What callbacks schedule meanwhile waits for the next round, so that other tasks get their turn.
            while self._heap and self._heap[0][0] <= now and self._heap[0][1] <= newest:
                timer = heapq.heappop(self._heap)[2]
                if timer.active:
                    timer._fire()
                else:
                    self._cancelled -= 1
            deadline = self._heap[0][0] if self._heap else math.inf
            with trio.CancelScope(deadline=deadline) as self._scope:
                await trio.sleep_forever()

    def _cancelled_one(self) -> None:
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].active]
            heapq.heapify(self._heap)
            self._cancelled = 0
