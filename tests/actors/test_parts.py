"""Timers, snapshots, dead letters and types on their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from mypy import api

from actors import DeadLetters, InMemorySnapshotStore, Message, Snapshot, StaleSnapshot, Undelivered
from actors.errors import unwrap
from actors.timers import TimerQueue


@dataclass(frozen=True, slots=True)
class Note(Message[None]):
    number: int


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=200))
def test_timers_fire_in_order_of_their_due_times(plan: list[tuple[int, bool]]) -> None:
    fired: list[tuple[float, int]] = []

    def fire(index: int) -> None:
        fired.append((trio.current_time(), index))

    async def main() -> None:
        queue = TimerQueue()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(queue.run)
            await trio.testing.wait_all_tasks_blocked()
            begin = trio.current_time()
            assert begin == 0
            for index, (seconds, cancelled) in enumerate(plan):
                timer = queue.schedule(begin + seconds, partial(fire, index))
                if cancelled:
                    timer.cancel()
                    timer.cancel()
                    assert not timer.active
            assert len(queue) == sum(not cancelled for _, cancelled in plan)
            await trio.sleep(30)
            assert len(queue) == 0
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    expected = sorted((float(seconds), index) for index, (seconds, off) in enumerate(plan) if not off)
    assert fired == expected


async def test_a_timer_that_cancels_another_due_at_the_same_time(autojump_clock: trio.abc.Clock) -> None:
    queue = TimerQueue()
    fired: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.run)
        due = trio.current_time() + 1
        queue.schedule(due, lambda: second.cancel())
        second = queue.schedule(due, lambda: fired.append("second"))
        queue.schedule(due, lambda: fired.append("third"))
        await trio.sleep(2)
        assert fired == ["third"]
        assert len(queue) == 0
        nursery.cancel_scope.cancel()


async def test_a_snapshot_is_written_only_over_the_version_that_was_read() -> None:
    store = InMemorySnapshotStore()
    assert await store.load("bot", "x") is None
    first = Snapshot("bot", "x", schema=1, version=1, data=b"1")
    await store.save(first, 0)
    assert await store.load("bot", "x") == first
    assert await store.load("bot", "y") is None
    with pytest.raises(StaleSnapshot):
        await store.save(first, 0)
    second = Snapshot("bot", "x", schema=1, version=2, data=b"2")
    await store.save(second, 1)
    with pytest.raises(StaleSnapshot):
        await store.save(second, 1)
    assert await store.load("bot", "x") == second


def test_dead_letters_count_all_and_remember_the_newest() -> None:
    letters = DeadLetters(capacity=3)
    for number in range(5):
        letters.add("/a", Note(number), Undelivered.STOPPED, float(number))
    letters.add("/a", Note(5), Undelivered.CRASHED, 5.0, ValueError("boom"))
    assert letters.count == 6
    assert letters.counts == {Undelivered.STOPPED: 5, Undelivered.CRASHED: 1}
    assert [letter.message for letter in letters.recent] == [Note(3), Note(4), Note(5)]
    assert "ValueError: boom" in (letters.recent[-1].error or "")


def test_unwrap_takes_off_groups_of_one() -> None:
    plain = ValueError()
    assert unwrap(plain) is plain
    assert unwrap(ExceptionGroup("", [ExceptionGroup("", [plain])])) is plain
    two = ExceptionGroup("", [plain, KeyError()])
    assert unwrap(two) is two


def test_a_type_checker_knows_the_answer_of_an_ask(tmp_path: Path) -> None:
    source = tmp_path / "typed.py"
    source.write_text(
        """
from dataclasses import dataclass
from actors import ActorRef, Message

@dataclass(frozen=True, slots=True)
class GetPrice(Message[int]):
    wallet: str

async def right(ref: ActorRef) -> int:
    return await ref.ask(GetPrice("w"))

async def wrong(ref: ActorRef) -> str:
    return await ref.ask(GetPrice("w"))

async def no_message(ref: ActorRef) -> None:
    ref.tell("hello")

async def passed_on(ref: ActorRef) -> None:
    print(await ref.ask(GetPrice("w")))
""",
        encoding="utf-8",
    )
    output, _, status = api.run(
        ["--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), str(source)]
    )
    assert status == 1, output
    lines = [line for line in output.splitlines() if "error" in line]
    assert len(lines) == 2, output
    assert "typed.py:13" in lines[0]
    assert 'expected "Message[Any]"' in lines[1]


async def test_cancelled_timers_do_not_pile_up(autojump_clock: trio.abc.Clock) -> None:
    queue = TimerQueue()
    kept = queue.schedule(trio.current_time() + 1000, lambda: None)
    for _ in range(10_000):
        queue.schedule(trio.current_time() + 1000, lambda: None).cancel()
    assert len(queue) == 1
    assert kept.active
    assert len(queue._heap) < 200
