"""Seeded runs: the same seed gives the same interleaving, other seeds give others."""

from __future__ import annotations

import pytest
import trio
from trio._core import _run as scheduler

from actors.testing import run_seeded


async def race() -> str:
    order: list[str] = []

    async def run(name: str) -> None:
        for _ in range(4):
            order.append(name)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(run, name)
    return "".join(order)


def test_the_same_seed_gives_the_same_interleaving() -> None:
    assert [run_seeded(seed, race) for seed in range(50)] == [run_seeded(seed, race) for seed in range(50)]


def test_seeds_differ_and_let_one_task_overtake_another_by_far() -> None:
    orders = {run_seeded(seed, race) for seed in range(300)}
    assert len(orders) > 200
    assert any(order.startswith(("aaaa", "bbbb", "cccc")) for order in orders)


def test_time_begins_at_zero_and_jumps() -> None:
    async def wait() -> float:
        await trio.sleep(1000)
        return trio.current_time()

    assert run_seeded(1, wait) == 1000


def test_trio_is_left_as_it_was_also_after_an_error() -> None:
    before = scheduler._ALLOW_DETERMINISTIC_SCHEDULING, scheduler._r

    async def fail() -> None:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run_seeded(1, fail)
    assert (scheduler._ALLOW_DETERMINISTIC_SCHEDULING, scheduler._r) == before
