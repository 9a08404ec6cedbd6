"""The last hour in figures: what a step says, which steps are remembered, and what is told of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.abc import Clock

from actors import BOUNDS, Histogram, LoopWatch
from actors.stats import Statistics
from arena.chain.client import ChainUnavailable, Commitment
from arena.game import figures
from arena.game.figures import NAMES, STEP, STEPS, Figures, quantile
from arena.game.traffic import LATENCIES, Traffic
from arena.ids import new_id
from persistence.journal import JournalStats

BEGIN = 1_772_366_400
"""Unix seconds, the end of a step."""


class Node:
    """A node that has processed three slots more than it has confirmed."""

    def __init__(self) -> None:
        self.down = False

    async def slot(self, commitment: Commitment | None = None) -> int:
        await trio.lowlevel.checkpoint()
        if self.down:
            raise ChainUnavailable("the node is down")
        return 103 if commitment is Commitment.PROCESSED else 100


class Arena:
    """The parts that figures are of."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self.stats = JournalStats()
        self.journal = SimpleNamespace(stats=self.stats)
        self.statistics = Statistics()
        self.system = SimpleNamespace(statistics=self.statistics)
        self.loop_watch = LoopWatch()
        self.client = Node()
        self.figures = Figures(self)  # type: ignore[arg-type]

    async def step(self, count: int = 1, **more: Any) -> None:
        for _ in range(count):
            await trio.sleep(STEP)
            self.figures.sample(BEGIN + trio.current_time(), **more)

    def last(self) -> dict[str, float | None]:
        return {name: values[-1] for name, values in self.figures.since().series.items()}


@pytest.fixture
async def arena() -> Arena:
    """Its clocks are those of a test that takes `autojump_clock`."""
    arena = Arena()
    arena.figures.sample(BEGIN + trio.current_time())
    return arena


async def test_before_the_first_step_is_over_there_are_none(autojump_clock: Clock, arena: Arena) -> None:
    found = arena.figures.since()
    assert (found.until, set(found.series)) == (BEGIN + trio.current_time(), set(NAMES))
    assert not any(found.series.values())
    assert Figures(arena).since().until == 0  # type: ignore[arg-type]


async def test_a_step_says_what_happened_in_it_and_not_before(autojump_clock: Clock, arena: Arena) -> None:
    arena.traffic.requests = arena.traffic.frames_in = arena.traffic.frames_out = 1000
    arena.statistics.of("bots").restarted = 5
    await arena.step()
    arena.traffic.requests += 10
    arena.traffic.frames_in += 1
    arena.traffic.connections = 7
    arena.statistics.of("sessions").restarted += 2
    arena.stats.queued, arena.stats.batches, arena.stats.last_commit_seconds = 3, 9, 0.25
    arena.loop_watch.lag = 0.125
    await arena.step(chain_slot_lag=4)
    assert arena.last() == dict.fromkeys(NAMES) | {
        "requests": 2.0,
        "frames_in": 0.2,
        "frames_out": 0.0,
        "quoted": 0.0,
        "paid": 0.0,
        "judged": 0.0,
        "connections": 7,
        "journal_queued": 3,
        "journal_commit_seconds": 0.25,
        "loop_lag_seconds": 0.125,
        "actor_restarts": 2,
        "chain_slot_lag": 4,
    }
    await arena.step()
    found = arena.last()
    assert (found["requests"], found["actor_restarts"], found["connections"]) == (0.0, 0, 7)
    assert (found["journal_commit_seconds"], found["chain_slot_lag"]) == (None, None)


async def test_latencies_are_those_of_the_step(autojump_clock: Clock, arena: Arena) -> None:
    slow, quick = new_id(), new_id()
    arena.traffic.payment_accepted(slow)
    await arena.step(4)
    arena.traffic.message_paid(slow, is_judged=True)
    await arena.step()
    assert 15 < (arena.last()["payment_p50"] or 0) <= 20
    assert arena.last()["paid"] == 0.2
    arena.traffic.message_judged(slow)
    for _ in range(98):
        arena.traffic.message_quoted(0.0045)
    for _ in range(2):
        arena.traffic.message_quoted(3.5)
    await arena.step()
    found = arena.last()
    assert 0.004 < (found["quote_p50"] or 0) < 0.005
    assert 3 < (found["quote_p99"] or 0) < 4
    assert 4 < (found["verdict_p50"] or 0) <= 5
    assert (found["payment_p50"], found["quoted"], found["judged"]) == (None, 20.0, 0.2)
    arena.traffic.message_paid(quick, is_judged=False)  # accepted before the start: counted without its time
    await arena.step()
    assert (arena.last()["paid"], arena.last()["payment_p50"]) == (0.2, None)


async def test_an_hour_is_remembered(autojump_clock: Clock, arena: Arena) -> None:
    for number in range(STEPS + 3):
        arena.traffic.connections = number
        await arena.step()
    found = arena.figures.since()
    assert all(len(values) == STEPS for values in found.series.values())
    assert found.series["connections"] == list(range(3, STEPS + 3))


async def test_only_what_is_new_is_told_to_who_was_there_before(autojump_clock: Clock, arena: Arena) -> None:
    await arena.step(4)
    until = arena.figures.since().until

    def steps(since: int) -> int:
        [length] = {len(values) for values in arena.figures.since(since).series.values()}
        return length

    assert [steps(since) for since in (until, until - 1, until - STEP, until - STEP - 1)] == [0, 1, 1, 2]
    assert [steps(since) for since in (0, until - 1000, until + 1, until + 1000)] == [4, 4, 0, 0]
    arena.traffic.connections = 3
    await arena.step()
    news = arena.figures.since(until)
    assert (news.until, news.series["connections"]) == (until + STEP, [3])


async def test_steps_that_were_missed_have_no_figures(autojump_clock: Clock, arena: Arena) -> None:
    await arena.step()
    arena.traffic.requests += 30
    await trio.sleep(2 * STEP)
    await arena.step()
    assert arena.figures.since().series["requests"] == [0.0, None, None, 2.0]
    await trio.sleep(10 * STEPS * STEP)
    await arena.step()
    assert arena.figures.since().series["requests"] == [None] * (STEPS - 1) + [0.0]


async def test_a_clock_that_is_set_back_begins_anew(autojump_clock: Clock, arena: Arena) -> None:
    await arena.step(3)
    arena.figures.sample(BEGIN - 1000)
    assert arena.figures.since().until == BEGIN - 1000
    assert not any(arena.figures.since().series.values())


async def test_twice_in_one_step_is_once(autojump_clock: Clock, arena: Arena) -> None:
    await arena.step()
    arena.traffic.requests += 5
    arena.figures.sample(BEGIN + trio.current_time() + STEP / 2)
    await arena.step()
    assert arena.figures.since().series["requests"] == [0.0, 1.0]


async def test_it_runs_by_itself_and_goes_on_without_the_node(
    autojump_clock: Clock, arena: Arena, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "time", lambda: BEGIN + trio.current_time())
    running = Figures(arena)  # type: ignore[arg-type]
    nursery.start_soon(running.run)
    await trio.sleep(2 * STEP + 1)
    arena.client.down = True
    await trio.sleep(STEP)
    assert running.since().series["chain_slot_lag"] == [3, 3, None]
    assert running.since().until % STEP == 0


@given(st.lists(st.floats(0.0, 200.0), min_size=1, max_size=50), st.sampled_from([0.5, 0.99]))
def test_a_quantile_is_in_the_bucket_of_the_true_one(durations: list[float], part: float) -> None:
    for bounds in (BOUNDS, LATENCIES):
        histogram = Histogram(bounds)
        for duration in durations:
            histogram.observe(duration)
        found = quantile(bounds, histogram.counts, part)
        rank = next(n for n in range(1, len(durations) + 1) if n >= part * len(durations))
        true = sorted(durations)[rank - 1]
        upper = next((bound for bound in bounds if bound >= true), bounds[-1])
        lower = max((bound for bound in bounds if bound < true), default=0.0)
        assert found is not None
        assert min(lower, upper) <= found <= upper


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile(LATENCIES, [0] * (len(LATENCIES) + 1), 0.5) is None
    assert list(LATENCIES) == sorted(set(LATENCIES))
