"""How a client's frames are worked on: beside each other, in time, never too many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from arena.ws.answering import Answering

SECONDS = 15.0
LIMIT = 3


class Work:
    """Answers each item after so many seconds, and remembers who did, and what was too late."""

    def __init__(self) -> None:
        self.answered: list[float] = []
        self.late: list[float] = []
        self.tasks: list[trio.lowlevel.Task] = []

    async def answer(self, seconds: float) -> None:
        self.tasks.append(trio.lowlevel.current_task())
        await trio.sleep(seconds)
        self.answered.append(seconds)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[Answering[float]]:
        with trio.fail_after(1000):
            async with trio.open_nursery() as nursery:
                yield Answering(nursery, self.answer, self.late.append, seconds=SECONDS, limit=LIMIT)
                nursery.cancel_scope.cancel()


async def test_items_are_worked_on_beside_each_other(autojump_clock: trio.abc.Clock) -> None:
    work = Work()
    async with work.answering() as answering:
        assert [answering.begin(seconds) for seconds in (3, 2, 1)] == [True] * 3
        await trio.sleep(3.5)
    assert work.answered == [1, 2, 3]


async def test_one_after_the_other_is_the_work_of_one_task(autojump_clock: trio.abc.Clock) -> None:
    work = Work()
    async with work.answering() as answering:
        for _ in range(3):
            answering.begin(1)
            await trio.sleep(2)
    assert len(work.tasks) == 3
    assert len(set(work.tasks)) == 1


async def test_of_tasks_that_are_idle_one_stays(autojump_clock: trio.abc.Clock) -> None:
    work = Work()
    async with trio.open_nursery() as nursery:
        answering = Answering(nursery, work.answer, work.late.append, seconds=SECONDS, limit=LIMIT)
        for seconds in (1, 2, 3):
            answering.begin(seconds)
        await trio.sleep(4)
        assert len(nursery.child_tasks) == 1
        nursery.cancel_scope.cancel()
    assert work.answered == [1, 2, 3]


async def test_no_more_than_the_limit_is_worked_on_and_then_there_is_room_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    work = Work()
    async with work.answering() as answering:
        assert [answering.begin(seconds) for seconds in (1, 5, 5, 5)] == [True, True, True, False]
        await trio.sleep(2)
        assert [answering.begin(1) for _ in range(2)] == [True, False]
        await trio.sleep(5)
    assert work.answered == [1, 1, 5, 5]


async def test_what_takes_too_long_is_cancelled_and_told_of_and_the_next_is_answered(
    autojump_clock: trio.abc.Clock,
) -> None:
    work = Work()
    async with work.answering() as answering:
        for seconds in (SECONDS + 1, 1, SECONDS - 1):
            assert answering.begin(seconds)
            await trio.sleep(SECONDS + 2)
    assert work.late == [SECONDS + 1]
    assert work.answered == [1, SECONDS - 1]
    assert len(set(work.tasks)) == 1


async def test_all_of_it_ends_with_the_nursery(autojump_clock: trio.abc.Clock) -> None:
    work = Work()
    async with work.answering() as answering:
        answering.begin(1)
        await trio.sleep(2)
        answering.begin(5)
        answering.begin(5)
        await trio.sleep(1)
    assert (work.answered, work.late) == ([1], [])
