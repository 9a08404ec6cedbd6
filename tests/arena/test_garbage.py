"""When the collector looks, and through what."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
import trio
import trio.testing

from arena import garbage
from arena.garbage import MAX_SECONDS, MIN_GROWTH, THRESHOLDS, collect_when_due, is_due

LARGE = 10 * MIN_GROWTH


class Circle:
    def __init__(self) -> None:
        self.me = self


def circles() -> int:
    return sum(isinstance(thing, Circle) for thing in gc.get_objects())


def test_what_is_there_after_the_start_is_left_alone() -> None:
    code = "import gc; from arena.garbage import settle_memory; settle_memory(); print(gc.get_freeze_count() > 1000)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True"


@pytest.mark.parametrize(
    ("blocks", "after_last", "due"),
    [
        (MIN_GROWTH - 1, 0, False),
        (MIN_GROWTH, 0, True),
        (LARGE + LARGE // 2 - 1, LARGE, False),
        (LARGE + LARGE // 2, LARGE, True),
        (LARGE // 2, LARGE, False),
    ],
)
def test_all_of_memory_is_looked_through_when_it_has_grown_by_half(
    blocks: int, after_last: int, due: bool
) -> None:
    assert is_due(blocks, after_last=after_last, seconds=0) is due


def test_and_every_hour_if_it_has_grown_at_all() -> None:
    assert is_due(LARGE + 1, after_last=LARGE, seconds=MAX_SECONDS)
    assert not is_due(LARGE + 1, after_last=LARGE, seconds=MAX_SECONDS - 1)
    assert not is_due(LARGE, after_last=LARGE, seconds=MAX_SECONDS)


async def test_what_has_grown_old_is_collected_once_memory_has_grown(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "MIN_GROWTH", 2_000)
    monkeypatch.setattr(garbage, "GROWTH", 0.0)
    async with trio.open_nursery() as nursery:
        await nursery.start(collect_when_due)
        some = [Circle() for _ in range(5_000)]
        gc.collect(1)
        gc.collect(1)  # they are old now: nobody looks at them but when it is due
        assert circles() == 5_000
        del some
        await trio.sleep(2 * garbage.LOOK_SECONDS)
        assert circles() == 0
        nursery.cancel_scope.cancel()


async def test_everything_is_as_before_when_the_arena_is_over() -> None:
    before = gc.get_threshold()
    async with trio.open_nursery() as nursery:
        await nursery.start(collect_when_due)
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 0
        nursery.cancel_scope.cancel()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
