"""Runs that can be repeated: a seed decides which task goes next, and the clock is a mock.

Determined by the seed: the order in which runnable tasks run, hence everything that depends on it alone, and the
time, which starts at 0 and jumps when all tasks wait. Not determined: threads, sockets and processes, random numbers
that are not drawn from a seeded `random.Random`, and the order of sets of strings or of objects.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, TypeVar, TypeVarTuple

import trio
import trio.testing
from trio._core import _run as scheduler

ArgsT = TypeVarTuple("ArgsT")
T = TypeVar("T")


def run_seeded(seed: int, async_fn: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T:
    """`trio.run` with a ``MockClock`` that jumps, and an order of tasks that follows from the seed.

    Any task may be held back for any number of rounds while others go on, so that over many seeds all
    interleavings are met. Only one such run may be going on in a process, and no other `trio.run` beside it.
    """
    before = scheduler._ALLOW_DETERMINISTIC_SCHEDULING, scheduler._r
    module: Any = scheduler
    # trio has no public way: with the flag set, it sorts what is runnable by age and has `_r` shuffle it.
    module._ALLOW_DETERMINISTIC_SCHEDULING, module._r = True, Interleaving(seed)
    try:
        return trio.run(async_fn, *args, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        module._ALLOW_DETERMINISTIC_SCHEDULING, module._r = before


class Interleaving(Random):
    """Stands in for trio's own random numbers, and shuffles what is runnable, holding back a part of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        # Some runs go nearly in lockstep; in others a task may be passed by all others for long, or the same
        # tasks nearly always come first.
        self._held_back = self.choice([0.0, 0.2, 0.5, 0.8])
        self._favours = self.choice([0.0, 0.0, 0.9])
        self._ranks: dict[int, float] = {}

    def shuffle(self, x: Any) -> None:
        """Called by trio with the tasks of a round, the last of which runs first. What is taken out here is put
        back into its queue."""
        if len(x) < 2:
            return
        super().shuffle(x)
        if self.random() < self._favours:
            x.sort(key=self._rank)
        held = 0
        while held < len(x) - 1 and self.random() < self._held_back:
            held += 1
        scheduler.GLOBAL_RUN_CONTEXT.runner.runq.extend(x[:held])
        del x[:held]

    def _rank(self, task: trio.lowlevel.Task) -> float:
        return self._ranks.setdefault(task._counter, self.random())
