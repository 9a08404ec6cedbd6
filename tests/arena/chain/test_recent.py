"""An answer that several share for a moment."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from arena.chain.recent import Recent


class Source:
    """Counts how often it is asked; an answer takes a second, and may be an error."""

    def __init__(self) -> None:
        self.asked = 0
        self.failing = False

    async def __call__(self) -> int:
        self.asked += 1
        answer = self.asked
        await trio.sleep(1)
        if self.failing:
            raise OSError
        return answer


async def test_an_answer_is_good_for_so_long_after_it_was_asked_for(autojump_clock: trio.abc.Clock) -> None:
    source = Source()
    recent = Recent(source, 3)
    assert await recent.get() == 1
    await trio.sleep(2)
    assert await recent.get() == 1
    await trio.sleep(0.1)
    assert await recent.get() == 2


async def test_all_who_want_it_at_once_wait_for_one_question(autojump_clock: trio.abc.Clock) -> None:
    source = Source()
    recent = Recent(source, 3)
    got: list[int] = []

    async def want() -> None:
        got.append(await recent.get())

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(want)
    assert got == [1] * 5


async def test_after_a_failure_the_next_one_asks_again(autojump_clock: trio.abc.Clock) -> None:
    source = Source()
    recent = Recent(source, 3)
    source.failing = True
    with pytest.raises(OSError):
        await recent.get()
    source.failing = False
    assert await recent.get() == 2


async def test_who_waits_is_served_when_the_one_who_asked_is_cancelled(
    autojump_clock: trio.abc.Clock,
) -> None:
    recent = Recent(Source(), 3)

    async def give_up() -> None:
        with trio.move_on_after(0.5):
            await recent.get()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(give_up)
        await trio.testing.wait_all_tasks_blocked()
        assert await recent.get() == 2
