"""What is measured of actors, and how stuck ones and a blocked event loop are noticed."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors import (
    Actor,
    ActorCrashed,
    ActorSpec,
    Intensity,
    Load,
    Message,
    RegionSpec,
    SupervisorSpec,
    Undelivered,
    UnknownActor,
    open_system,
    watch_event_loop,
)
from actors.stats import BOUNDS, MAX_KINDS, OTHER, Histogram, Statistics
from actors.survey import CHUNK, MAX_STUCK


@dataclass(frozen=True, slots=True)
class Work(Message[None]):
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Crash(Message[None]):
    pass


class Worker(Actor[Work | Crash]):
    async def receive(self, message: Work | Crash) -> None:
        match message:
            case Work(seconds):
                await trio.sleep(seconds)
            case Crash():
                raise ValueError


class SlowStarter(Worker):
    async def started(self) -> None:
        await trio.sleep(30)


CALM = Intensity(backoff_initial=1, jitter=0)
TREE = SupervisorSpec(
    "root",
    [
        ActorSpec("worker", Worker),
        RegionSpec("crowd", "extra", lambda _: Worker(), idle_after=1000, intensity=CALM),
    ],
    intensity=CALM,
)


def bucket(seconds: float) -> int:
    """Which bucket of a histogram this duration falls into."""
    histogram = Histogram()
    histogram.observe(seconds)
    return histogram.counts.index(1)


def test_a_bucket_has_what_is_at_most_its_bound_and_the_last_one_the_rest() -> None:
    assert bucket(0.0) == 0
    assert [bucket(bound) for bound in BOUNDS] == list(range(len(BOUNDS)))
    assert bucket(BOUNDS[0] * 1.01) == 1
    assert bucket(1e9) == len(BOUNDS)


def test_kinds_beyond_the_limit_share_one_place() -> None:
    statistics = Statistics()
    for number in range(MAX_KINDS + 10):
        statistics.of(f"kind-{number}").handled += 1
    assert len(statistics.by_kind) == MAX_KINDS + 1
    assert statistics.of(OTHER).handled == 10


async def test_waiting_and_handling_are_measured_apart(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(TREE) as system, trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(system.ref("/worker").ask, Work(4))
        await trio.sleep(9)
        stats = system.statistics.by_kind["Worker"]
        assert stats.handled == 2
        assert (stats.waiting.total, stats.handling.total) == (4, 8)
        assert stats.waiting.counts[bucket(0)] == stats.waiting.counts[bucket(4)] == 1
        assert stats.handling.counts[bucket(4)] == 2


async def test_an_ask_that_waits_for_room_has_waited_from_when_it_was_made(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Narrow(Worker):
        mailbox_capacity = 1

    tree = SupervisorSpec("root", [ActorSpec("narrow", Narrow)])
    async with open_system(tree) as system, trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(system.ref("/narrow").ask, Work(3))
        await trio.sleep(10)
        assert system.statistics.by_kind["Narrow"].waiting.total == 0 + 3 + 6


async def test_counters_of_a_kind_go_on_when_its_actors_come_and_go(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(TREE) as system:
        crowd = [system.get("extra", str(number)) for number in range(3)]
        for ref in crowd:
            await ref.ask(Work())
        await trio.sleep(2000)
        assert (await system.survey()).by_kind.get("extra") is None
        for ref in crowd:
            with pytest.raises(ActorCrashed):
                await ref.ask(Crash())
        await trio.sleep(2)
        stats = system.statistics.by_kind["extra"]
        assert (stats.handled, stats.started, stats.restarted, stats.crashed) == (3, 9, 3, 3)
        assert stats.dead_letters == {Undelivered.CRASHED: 3}
        assert sum(stats.handling.counts) == 6, "a crash takes time, too"


async def test_a_survey_adds_up_what_waits_by_kind(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(TREE) as system:
        for number, depth in enumerate((5, 0, 2)):
            for _ in range(depth + 1):
                system.get("extra", str(number)).tell(Work(5))
        await wait_all_tasks_blocked()
        assert (await system.survey()).by_kind == {
            "Worker": Load(live=1),
            "extra": Load(live=3, queued=7, deepest=5),
        }


async def test_a_survey_of_many_lets_others_work(autojump_clock: trio.abc.Clock) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with open_system(TREE) as system, trio.open_nursery() as nursery:
        for number in range(10 * CHUNK):
            system.get("extra", str(number)).tell(Work())
        await wait_all_tasks_blocked()
        nursery.start_soon(take_turns)
        survey = await system.survey()
        assert turns >= 5
        assert survey.by_kind["extra"].live == 10 * CHUNK
        nursery.cancel_scope.cancel()


async def test_a_visit_shows_what_the_tree_lists_and_lets_others_work(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(TREE, stuck_after=math.inf) as system:
        for number in range(3 * CHUNK):
            await system.get("extra", str(number)).ask(Work())
        seen: list[str] = []
        turns: list[int] = []

        async def other() -> None:
            while len(seen) < 3 * CHUNK:
                turns.append(len(seen))
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await system.visit(lambda info: seen.append(info.path))
        assert seen == [info.path for info in system.tree()]
        assert any(0 < count < len(seen) for count in turns)
        below: list[str] = []
        await system.visit(lambda info: below.append(info.path), "/worker")
        assert below == ["/worker"]
        top: list[str] = []
        await system.visit(lambda info: top.append(info.path), levels=1)
        assert top == [path for path in seen if path.count("/") == 1]
        with pytest.raises(UnknownActor):
            await system.visit(lambda info: None, "/nobody")


async def test_a_stuck_actor_is_reported_once_and_again_when_it_goes_on(
    autojump_clock: trio.abc.Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "actors")
    async with open_system(TREE, stuck_after=10) as system:
        system.ref("/worker").tell(Work(9))
        await trio.sleep(30)
        assert caplog.messages == []
        system.ref("/worker").tell(Work(38))
        await trio.sleep(30)
        assert caplog.messages == ["actor /worker is stuck: at Work for 10.0 s"]
        [stuck] = (await system.survey()).stuck
        assert (stuck.path, stuck.kind, stuck.what, stuck.seconds) == ("/worker", "Worker", "Work", 30)
        await trio.sleep(30)
        assert caplog.messages[1:] == [
            "actor /worker is no longer stuck: it was at Work for less than 40.0 s"
        ]
        assert system.statistics.by_kind["Worker"].stuck == 1
        assert (await system.survey()).stuck == ()


async def test_the_next_message_that_takes_too_long_is_another_occasion(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(TREE, stuck_after=10) as system:
        for _ in range(2):
            system.ref("/worker").tell(Work(20))
        await trio.sleep(50)
        assert system.statistics.by_kind["Worker"].stuck == 2


async def test_an_actor_that_does_not_come_up_is_stuck_too(
    autojump_clock: trio.abc.Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_system(SupervisorSpec("root", [ActorSpec("slow", SlowStarter)]), stuck_after=10):
        assert caplog.messages == ["actor /slow is stuck: at started() for 10.0 s"]


async def test_all_stuck_actors_are_counted_and_some_are_named(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(TREE, stuck_after=10) as system:
        for number in range(MAX_STUCK + 50):
            system.get("extra", str(number)).tell(Work(100))
        await trio.sleep(20)
        survey = await system.survey()
        assert survey.by_kind["extra"].stuck == MAX_STUCK + 50
        assert len(survey.stuck) == MAX_STUCK


async def test_without_a_limit_nobody_is_ever_stuck(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(TREE, stuck_after=math.inf) as system:
        system.ref("/worker").tell(Work(1000))
        await trio.sleep(500)
        assert (await system.survey()).stuck == ()


async def test_what_blocks_the_event_loop_is_named_while_it_does(caplog: pytest.LogCaptureFixture) -> None:
    async with watch_event_loop(blocked_after=0.02, interval=0.01) as watch:
        await trio.sleep(0.05)
        assert watch.blocked == 0
        _block_until(lambda: bool(caplog.records))
        assert "_block_until" in caplog.messages[0]
        with trio.fail_after(5):
            while len(caplog.records) < 2:
                await trio.sleep(0.01)
        assert "turns again" in caplog.messages[1]
        assert watch.blocked == 1
        assert watch.lag > 0
    assert "event-loop-watch" not in [thread.name for thread in threading.enumerate()]


def _block_until(happened: object) -> None:
    assert callable(happened)
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)
