"""One read for many who ask at the same time."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from arena.edge.shared_read import SharedRead


class Source:
    def __init__(self) -> None:
        self.value = 0
        self.reads = 0
        self.gate = trio.Event()
        self.fails = 0

    async def read(self) -> int:
        self.reads += 1
        if self.fails:
            self.fails -= 1
            raise OSError("away")
        value = self.value
        await self.gate.wait()
        return value


async def test_who_asks_during_a_read_shares_the_next_one() -> None:
    source = Source()
    shared = SharedRead(source.read)
    answers: list[int] = []

    async def ask() -> None:
        answers.append(await shared.get())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        source.value = 1  # the first one has read already
        for _ in range(10):
            nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        source.gate.set()
    assert (source.reads, answers) == (2, [0] + [1] * 10)


async def test_an_answer_is_never_older_than_its_question() -> None:
    source = Source()
    source.gate.set()
    shared = SharedRead(source.read)
    for value in range(5):
        source.value = value
        assert await shared.get() == value


async def test_when_a_read_fails_the_next_in_line_reads() -> None:
    source = Source()
    source.gate.set()
    source.fails = 1
    shared = SharedRead(source.read)
    with pytest.raises(OSError):
        await shared.get()
    assert await shared.get() == 0


async def test_who_gives_up_leaves_the_others_their_turn() -> None:
    source = Source()
    shared = SharedRead(source.read)
    answers: list[int] = []

    async def ask() -> None:
        answers.append(await shared.get())

    impatient = trio.CancelScope()

    async def give_up() -> None:
        with impatient:
            await shared.get()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(give_up)
        await wait_all_tasks_blocked()
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        impatient.cancel()
        source.gate.set()
    assert (source.reads, answers) == (2, [0])
