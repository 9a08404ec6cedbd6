"""Who is restarted when, in which order, how often, and how everything stops."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Actor,
    ActorCrashed,
    ActorRef,
    ActorSpec,
    ActorState,
    ActorStopped,
    ActorSystem,
    Intensity,
    MailboxFull,
    Message,
    RegionSpec,
    Restart,
    StopReason,
    Strategy,
    SupervisorSpec,
    SystemFailed,
    Terminated,
    Undelivered,
    UnknownActor,
    open_system,
)
from actors.restarts import RestartBudget
from actors.testing import Probe, run_seeded

CALM = Intensity(max_restarts=3, within=60, backoff_initial=1, backoff_max=8, jitter=0)


@dataclass(frozen=True, slots=True)
class Do(Message[Any]):
    """Have the actor call a function with itself."""

    what: Callable[[Worker], Any]


@dataclass(frozen=True, slots=True)
class Ping(Message[str]):
    pass


@dataclass(frozen=True, slots=True)
class Sleep(Message[str]):
    seconds: float


class Worker(Actor):
    """Writes down its life."""

    mailbox_capacity = 8

    def __init__(self, log: list[str], name: str = "") -> None:
        self.log = log
        self.got: list[Message[Any]] = []

    async def started(self) -> None:
        self.log.append(f"+{self.context.name}")

    async def receive(self, message: Message[Any]) -> Any:
        self.got.append(message)
        match message:
            case Ping():
                return self.context.name
            case Do(what):
                return what(self)
            case Sleep(seconds):
                await trio.sleep(seconds)
                return "slept"

    async def stopped(self, reason: StopReason) -> None:
        self.log.append(f"-{self.context.name} {reason}")


def crash(worker: Worker) -> None:
    raise ValueError("boom")


def finish(worker: Worker) -> None:
    worker.context.stop()


async def crash_it(ref: ActorRef) -> None:
    with pytest.raises(ActorCrashed):
        await ref.ask(Do(crash))
    await trio.testing.wait_all_tasks_blocked()


def worker(
    name: str, log: list[str], restart: Restart = Restart.PERMANENT, stop_timeout: float = 5
) -> ActorSpec:
    return ActorSpec(name, lambda: Worker(log), restart, stop_timeout)


def abc(log: list[str], strategy: Strategy, restart: Restart = Restart.PERMANENT) -> SupervisorSpec:
    return SupervisorSpec("root", [worker(n, log, restart) for n in "abc"], strategy, CALM)


async def test_children_start_in_order_and_stop_in_reverse(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    inner = SupervisorSpec("inner", [worker("x", log), worker("y", log)])
    async with open_system(SupervisorSpec("root", [worker("a", log), inner, worker("b", log)])) as system:
        assert log == ["+a", "+x", "+y", "+b"]
        assert await system.ref("/inner/y").ask(Ping()) == "y"
        log.clear()
    assert log == ["-b shutdown", "-y shutdown", "-x shutdown", "-a shutdown"]


async def test_an_empty_tree_runs_and_ends(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(SupervisorSpec("root", [])) as system:
        assert [info.path for info in system.tree()] == ["/"]


async def test_a_younger_sibling_waits_for_the_elder_to_be_up(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []

    class Slow(Worker):
        async def started(self) -> None:
            with pytest.raises(ActorStopped, match="not started yet"):
                await self.context.system.ref("/b").ask(Ping())
            await trio.sleep(10)
            await super().started()

    begin = trio.current_time()
    async with open_system(SupervisorSpec("root", [ActorSpec("a", lambda: Slow(log)), worker("b", log)])):
        assert trio.current_time() - begin == pytest.approx(10)
        assert log == ["+a", "+b"]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.ONE_FOR_ONE, ["+b"]),
        (Strategy.REST_FOR_ONE, ["-c restarting", "+b", "+c"]),
        (Strategy.ONE_FOR_ALL, ["-c restarting", "-a restarting", "+a", "+b", "+c"]),
    ],
)
async def test_each_strategy_restarts_its_group_in_order(
    autojump_clock: trio.abc.Clock, strategy: Strategy, expected: list[str]
) -> None:
    log: list[str] = []
    async with open_system(abc(log, strategy)) as system:
        log.clear()
        await crash_it(system.ref("/b"))
        await trio.sleep(0.5)
        assert log == [line for line in expected if line.startswith("-")], "nobody before the delay is over"
        await trio.sleep(2)
        assert log == expected
        assert [await system.ref(f"/{n}").ask(Ping()) for n in "abc"] == ["a", "b", "c"]


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_asks_survive_the_restart_of_their_actor_or_of_its_siblings(
    autojump_clock: trio.abc.Clock, strategy: Strategy
) -> None:
    answers: list[str] = []
    async with open_system(abc([], strategy)) as system, trio.open_nursery() as nursery:
        await crash_it(system.ref("/b"))
        assert system.info("/b").state is ActorState.RESTARTING

        async def ping(name: str) -> None:
            answers.append(await system.ref(f"/{name}").ask(Ping()))

        for name in "abc":
            nursery.start_soon(ping, name)
        await trio.sleep(2)
        assert sorted(answers) == ["a", "b", "c"]
    assert system.dead_letters.counts == {Undelivered.CRASHED: 1}


@pytest.mark.parametrize(
    ("restart", "after_crash", "after_finish"),
    [
        (Restart.PERMANENT, ActorState.RUNNING, ActorState.RUNNING),
        (Restart.TRANSIENT, ActorState.RUNNING, ActorState.STOPPED),
        (Restart.TEMPORARY, ActorState.FAILED, ActorState.STOPPED),
    ],
)
async def test_restart_policies(
    autojump_clock: trio.abc.Clock, restart: Restart, after_crash: ActorState, after_finish: ActorState
) -> None:
    log: list[str] = []
    async with open_system(abc(log, Strategy.ONE_FOR_ONE, restart)) as system:
        await crash_it(system.ref("/a"))
        await system.ref("/b").ask(Do(finish))
        await trio.sleep(5)
        assert system.info("/a").state is after_crash
        assert system.info("/b").state is after_finish
        assert system.info("/c").restarts == 0
        assert "-b finished" in log
        for name, state in (("a", after_crash), ("b", after_finish)):
            if state is not ActorState.RUNNING:
                with pytest.raises(ActorStopped):
                    await system.ref(f"/{name}").ask(Ping())


async def test_a_temporary_sibling_that_goes_down_with_the_group_stays_down(
    autojump_clock: trio.abc.Clock,
) -> None:
    log: list[str] = []
    children = [worker("a", log), worker("t", log, Restart.TEMPORARY)]
    async with open_system(SupervisorSpec("root", children, Strategy.ONE_FOR_ALL, CALM)) as system:
        await crash_it(system.ref("/a"))
        await trio.sleep(2)
        assert system.info("/t").state is ActorState.STOPPED
        assert system.info("/a").state is ActorState.RUNNING


async def test_restarts_back_off_exponentially_and_then_escalate(autojump_clock: trio.abc.Clock) -> None:
    times: list[float] = []

    class Hopeless(Actor):
        async def started(self) -> None:
            times.append(trio.current_time())
            raise ValueError("hopeless")

    with pytest.raises(SystemFailed) as caught:
        async with open_system(SupervisorSpec("root", [ActorSpec("h", Hopeless)], intensity=CALM)):
            pytest.fail("it never got up")
    assert isinstance(caught.value.__cause__, ValueError)
    assert [b - a for a, b in pairwise(times)] == pytest.approx([1, 2, 4])


async def test_slow_crashing_is_tolerated_for_ever(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(abc([], Strategy.ONE_FOR_ONE)) as system:
        for _ in range(10):
            await crash_it(system.ref("/a"))
            await trio.sleep(30)
        assert system.info("/a").restarts == 10


async def test_an_escalation_restarts_the_subtree_and_keeps_its_mail(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    answers: list[str] = []
    once = Intensity(max_restarts=0, backoff_initial=0)
    inner = SupervisorSpec("inner", [worker("x", log), worker("y", log)], intensity=once)
    root = SupervisorSpec("root", [worker("a", log), inner], intensity=CALM)
    async with open_system(root) as system, trio.open_nursery() as nursery:

        async def ping() -> None:
            answers.append(await system.ref("/inner/x").ask(Ping()))

        log.clear()
        await crash_it(system.ref("/inner/x"))
        nursery.start_soon(ping)
        await trio.sleep(3)
        assert log == ["-y shutdown", "+x", "+y"]
        assert answers == ["x"]
        infos = {info.path: info for info in system.tree()}
        assert (infos["/inner"].restarts, infos["/a"].restarts) == (1, 0)


async def test_a_failing_root_ends_the_block_and_all_who_wait(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    root = SupervisorSpec("root", [worker("a", log), worker("b", log)], intensity=Intensity(max_restarts=0))
    systems: list[ActorSystem] = []
    with pytest.raises(SystemFailed):  # noqa: PT012
        async with open_system(root) as system:
            systems.append(system)
            system.ref("/a").tell(Do(crash))
            system.ref("/a").tell(Ping())
            await trio.sleep_forever()
    assert log[-1] == "-b shutdown"
    with pytest.raises(ActorStopped):
        await systems[0].ref("/a").ask(Ping())
    assert systems[0].dead_letters.counts == {Undelivered.CRASHED: 1, Undelivered.STOPPED: 1}


async def test_the_error_of_the_block_comes_out_as_it_is(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    with pytest.raises(KeyError, match="mine"):
        async with open_system(abc(log, Strategy.ONE_FOR_ONE)):
            raise KeyError("mine")
    assert log[-1] == "-a shutdown"


async def test_the_error_of_a_block_that_is_cancelled_too_is_not_lost(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    with trio.CancelScope() as scope, pytest.raises(KeyError):  # noqa: PT012
        async with open_system(abc(log, Strategy.ONE_FOR_ONE)):
            scope.cancel()
            raise KeyError("mine")
    assert log[-1] == "-a shutdown"


async def test_cancelling_the_block_still_stops_in_order(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []

    class Careful(Worker):
        async def stopped(self, reason: StopReason) -> None:
            await trio.sleep(1)
            await super().stopped(reason)

    children = [ActorSpec(n, lambda: Careful(log)) for n in "ab"]
    with trio.move_on_after(10) as scope:
        async with open_system(SupervisorSpec("root", children)):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert log == ["+a", "+b", "-b shutdown", "-a shutdown"]


async def test_cancelling_a_start_that_takes_too_long(autojump_clock: trio.abc.Clock) -> None:
    class Stuck(Actor):
        async def started(self) -> None:
            await trio.sleep_forever()

    with trio.move_on_after(10) as scope:
        async with open_system(SupervisorSpec("root", [ActorSpec("s", Stuck, stop_timeout=3)])):
            pytest.fail("it never got up")
    assert scope.cancelled_caught
    assert trio.current_time() - scope.deadline == pytest.approx(3)


async def test_a_child_that_misses_its_deadline_is_cancelled(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    raised: list[str] = []
    root = SupervisorSpec("root", [worker("a", log), worker("slow", log, stop_timeout=2)])
    begin = trio.current_time()
    async with trio.open_nursery() as nursery:  # noqa: SIM117 (the asker outlives the system)
        async with open_system(root) as system:

            async def ask() -> None:
                try:
                    await system.ref("/slow").ask(Sleep(100))
                except ActorStopped as error:
                    raised.append(str(error))

            nursery.start_soon(ask)
            await trio.sleep(1)
    assert trio.current_time() - begin == pytest.approx(3)
    assert "deadline" in raised[0]
    assert log == ["+a", "+slow", "-a shutdown"], "a cancelled actor gets no stopped()"
    assert system.dead_letters.counts == {Undelivered.STOPPED: 1}


async def test_a_stop_overtakes_the_queue_but_not_the_message_at_hand(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    async with open_system(abc(log, Strategy.ONE_FOR_ONE)) as system:
        ref = system.ref("/a")
        ref.tell(Sleep(3))
        ref.tell(Sleep(100))
        await trio.sleep(1)
        system.stop("/a")
        await trio.sleep(0.5)
        assert system.info("/a").state is ActorState.STOPPING
        await trio.sleep(2)
        assert log[-1] == "-a requested"
        assert system.info("/a").handled == 1
        assert system.info("/a").state is ActorState.STOPPED


async def test_operators_restart_and_stop(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    intensity = Intensity(max_restarts=0)
    root = SupervisorSpec(
        "root", [SupervisorSpec("s", [worker("a", log), worker("b", log)])], intensity=intensity
    )
    async with open_system(root) as system:
        log.clear()
        for _ in range(3):
            system.restart("/s/a")
            await trio.sleep(0.1)
        assert log == ["-a restarting", "+a"] * 3, "does not count against the intensity"
        system.stop("/s/a")
        await trio.sleep(0.1)
        with pytest.raises(ActorStopped, match="requested"):
            system.ref("/s/a").tell(Ping())
        system.restart("/s/a")
        await trio.sleep(0.1)
        assert await system.ref("/s/a").ask(Ping()) == "a"
        log.clear()
        system.restart("/s")
        await trio.sleep(0.1)
        assert log == ["-b shutdown", "-a shutdown", "+a", "+b"]
        system.stop("/s")
        await trio.sleep(0.1)
        with pytest.raises(ActorStopped):
            system.ref("/s/a").tell(Ping())
        for path in ("/", "/nobody", "/s/a/x"):
            with pytest.raises(UnknownActor):
                system.stop(path)


async def test_a_stop_during_the_backoff_is_final(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(abc([], Strategy.ONE_FOR_ONE)) as system, trio.open_nursery() as nursery:
        raised = trio.Event()

        async def ping() -> None:
            with pytest.raises(ActorStopped):
                await system.ref("/a").ask(Ping())
            raised.set()

        await crash_it(system.ref("/a"))
        nursery.start_soon(ping)
        await trio.testing.wait_all_tasks_blocked()
        system.stop("/a")
        await trio.sleep(20)
        assert raised.is_set()
        assert system.info("/a").restarts == 0


async def test_a_child_task_ends_with_its_actor_and_crashes_it(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []

    async def tick() -> None:
        try:
            await trio.sleep(5)
            raise ValueError("task")
        finally:
            log.append("tick ended")

    def begin(worker: Worker) -> None:
        worker.context.start_task(tick)

    async with open_system(abc(log, Strategy.ONE_FOR_ONE)) as system:
        log.clear()
        await system.ref("/a").ask(Do(begin))
        with pytest.raises(ActorCrashed) as caught:
            await system.ref("/a").ask(Sleep(100))
        assert isinstance(caught.value.__cause__, ValueError)
        await trio.sleep(2)
        assert log == ["tick ended", "+a"]
        await system.ref("/a").ask(Do(begin))
        system.restart("/a")
        await trio.sleep(1)
        assert log == ["tick ended", "+a", "-a restarting", "tick ended", "+a"]
        scope = await system.ref("/a").ask(Do(lambda w: w.context.start_task(tick)))
        scope.cancel()
        await trio.sleep(10)
        assert system.info("/a").failed == 1


def test_after_a_crash_of_a_child_task_no_message_is_handled_and_stopped_does_not_run() -> None:
    log: list[str] = []

    async def fall(gate: trio.Event) -> None:
        await gate.wait()
        log.append("crash")
        raise ValueError("task")

    class Busy(Worker):
        async def receive(self, message: Message[Any]) -> Any:
            log.append("message")
            return await super().receive(message)

    async def main() -> None:
        log.clear()
        gate = trio.Event()
        spec = ActorSpec("a", lambda: Busy(log), Restart.TRANSIENT)
        async with open_system(SupervisorSpec("root", [spec], intensity=CALM)) as system:
            await system.ref("/a").ask(Do(lambda w: w.context.start_task(fall, gate)))
            await trio.testing.wait_all_tasks_blocked()
            # Both are woken at the same time; whether the child task runs first is up to the seed.
            gate.set()
            system.ref("/a").tell(Do(finish))
            await trio.sleep(10)
            crash = log.index("crash")
            # An actor that was about to finish has crashed, too; then the message was handled before.
            assert log[crash + 1 :] in (["+a"], ["+a", "message", "-a finished"])

    for seed in range(20):
        run_seeded(seed, main)


async def test_timers_are_messages_and_end_with_the_actor(autojump_clock: trio.abc.Clock) -> None:
    got: list[tuple[float, Message[Any]]] = []

    class Alarm(Worker):
        async def receive(self, message: Message[Any]) -> Any:
            got.append((trio.current_time() - begin, message))
            return await super().receive(message)

    async with open_system(SupervisorSpec("root", [ActorSpec("a", lambda: Alarm([]))])) as system:
        begin = trio.current_time()
        ref = system.ref("/a")

        def plan(worker: Worker) -> None:
            worker.context.send_later(3, Sleep(0))
            worker.context.send_later(1, Ping())
            worker.context.send_later(2, Ping()).cancel()

        await ref.ask(Do(plan))
        await trio.sleep(5)
        assert got[1:] == [(1, Ping()), (3, Sleep(0))]
        await ref.ask(Do(lambda w: w.context.send_later(1, Ping())))
        system.restart("/a")
        got.clear()
        await trio.sleep(5)
        assert got == []
        assert len(system.timers) == 0


async def test_due_timers_wait_for_room_and_pending_ones_are_limited(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(abc([], Strategy.ONE_FOR_ONE)) as system:
        ref = system.ref("/a")

        def plan(worker: Worker) -> int:
            for _ in range(worker.mailbox_capacity):
                worker.context.send_later(1, Ping())
            with pytest.raises(MailboxFull):
                worker.context.send_later(1, Ping())
            return 0

        await ref.ask(Do(plan))
        ref.tell(Sleep(5))
        await trio.sleep(0.5)
        for _ in range(8):
            ref.tell(Ping())
        await trio.sleep(1)
        assert system.info("/a").mailbox_depth == 16
        assert len(await ref.ask(Do(lambda w: [m for m in w.got if m == Ping()]))) == 16


async def test_watchers_are_told_of_the_end_and_not_of_restarts(autojump_clock: trio.abc.Clock) -> None:
    probe = Probe()
    children = [probe.spec(), worker("b", [], Restart.TRANSIENT), worker("t", [], Restart.TEMPORARY)]
    async with open_system(SupervisorSpec("root", children, intensity=CALM)) as system:
        b, t = system.ref("/b"), system.ref("/t")
        for ref in (b, b, t, system.ref("/nobody")):
            probe.watch(ref)
        assert await probe.expect(Terminated) == Terminated("/nobody", StopReason.NOT_RUNNING)
        await crash_it(b)
        await probe.expect_nothing(2)
        await b.ask(Do(finish))
        assert await probe.expect(Terminated) == Terminated("/b", StopReason.FINISHED)
        await crash_it(t)
        assert await probe.expect(Terminated) == Terminated("/t", StopReason.CRASHED)
        await probe.expect_nothing(2)


async def test_terminated_overtakes_a_full_queue(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(abc([], Strategy.ONE_FOR_ONE, Restart.TRANSIENT)) as system:
        a, b = system.ref("/a"), system.ref("/b")
        await a.ask(Do(lambda w: w.context.watch(b)))
        a.tell(Sleep(5))
        await trio.sleep(1)
        for _ in range(8):
            a.tell(Ping())
        await b.ask(Do(finish))
        got = await a.ask(Do(lambda w: w.got))
        assert got[2] == Terminated("/b", StopReason.FINISHED)


async def test_watches_end_with_a_restart_of_the_watcher(autojump_clock: trio.abc.Clock) -> None:
    probe = Probe()
    root = SupervisorSpec("root", [probe.spec(), worker("b", [], Restart.TRANSIENT)])
    async with open_system(root) as system:
        probe.watch(system.ref("/b"))
        system.restart("/probe")
        await trio.sleep(1)
        await system.ref("/b").ask(Do(finish))
        await probe.expect_nothing(2)


async def test_a_crash_in_stopped_does_not_prevent_the_end(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []

    class Bad(Worker):
        async def stopped(self, reason: StopReason) -> None:
            raise ValueError("late")

    root = SupervisorSpec("root", [worker("a", log), ActorSpec("bad", lambda: Bad(log))])
    async with open_system(root) as system:
        pass
    assert log[-1] == "-a shutdown"
    assert system.info("/bad").last_error == "ValueError: late"


def finish_and_crash(worker: Worker) -> None:
    worker.context.stop()
    crash(worker)


class CrashesInStopped(Worker):
    """Once, the first time."""

    async def stopped(self, reason: StopReason) -> None:
        await super().stopped(reason)
        if len(self.log) == 2:
            raise ValueError("cannot clean up")


@pytest.mark.parametrize("restart", [Restart.PERMANENT, Restart.TRANSIENT])
async def test_an_actor_that_asks_to_stop_and_then_raises_has_crashed(
    autojump_clock: trio.abc.Clock, restart: Restart
) -> None:
    log: list[str] = []
    async with open_system(SupervisorSpec("root", [worker("a", log, restart)], intensity=CALM)) as system:
        ref = system.ref("/a")
        with pytest.raises(ActorCrashed):
            await ref.ask(Do(finish_and_crash))
        assert await ref.ask(Ping()) == "a"
        assert log == ["+a", "+a"], "and stopped() does not run"
        info = system.info("/a")
        assert (info.failed, info.restarts) == (1, 1)


async def test_the_watchers_of_a_temporary_actor_that_raises_after_asking_to_stop_hear_of_a_crash(
    autojump_clock: trio.abc.Clock,
) -> None:
    watcher, temporary = Probe("watcher"), worker("a", [], Restart.TEMPORARY)
    async with open_system(SupervisorSpec("root", [temporary, watcher.spec()])) as system:
        watcher.watch(system.ref("/a"))
        system.ref("/a").tell(Do(finish_and_crash))
        assert await watcher.expect(Terminated) == Terminated("/a", StopReason.CRASHED)
        assert system.info("/a").state is ActorState.FAILED


async def test_a_finished_actor_that_cannot_clean_up_has_crashed(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    spec = ActorSpec("a", lambda: CrashesInStopped(log), Restart.TRANSIENT)
    async with open_system(SupervisorSpec("root", [spec], intensity=CALM)) as system:
        system.ref("/a").tell(Do(finish))
        await trio.sleep(2)
        assert log == ["+a", "-a finished", "+a"]
        system.ref("/a").tell(Do(finish))
        await trio.sleep(2)
        assert log[3:] == ["-a finished"]
        assert system.info("/a").state is ActorState.STOPPED


@pytest.mark.parametrize("what", [finish, finish_and_crash])
async def test_mail_waits_for_the_next_start_of_an_actor_that_ended_while_it_started(
    autojump_clock: trio.abc.Clock, what: Callable[[Worker], None]
) -> None:
    class Confused(Worker):
        async def started(self) -> None:
            await super().started()
            if len(self.log) == 1:
                what(self)

    log: list[str] = []
    answers: list[str] = []
    async with trio.open_nursery() as nursery:

        async def ask(ref: ActorRef) -> None:
            await trio.sleep(0.5)  # within the second before the restart
            answers.append(await ref.ask(Ping()))

        def created(system: ActorSystem) -> None:
            nursery.start_soon(ask, system.ref("/a"))

        root = SupervisorSpec("root", [ActorSpec("a", lambda: Confused(log))], intensity=CALM)
        async with open_system(root, on_created=created):
            await trio.sleep(2)
            assert answers == ["a"]


async def test_a_slow_start_does_not_keep_siblings_from_being_restarted(
    autojump_clock: trio.abc.Clock,
) -> None:
    class SlowAgain(Worker):
        starts = 0

        async def started(self) -> None:
            SlowAgain.starts += 1
            if SlowAgain.starts > 1:
                await trio.sleep(1000)

    root = SupervisorSpec("root", [ActorSpec("s", lambda: SlowAgain([])), worker("b", [])], intensity=CALM)
    async with open_system(root) as system:
        await crash_it(system.ref("/s"))
        await crash_it(system.ref("/b"))
        with trio.fail_after(5):
            assert await system.ref("/b").ask(Ping()) == "b"


async def test_the_tree_shows_every_node(autojump_clock: trio.abc.Clock) -> None:
    class Talkative(Worker):
        def describe(self) -> dict[str, object]:
            return {"got": len(self.got)}

    class Broken(Worker):
        def describe(self) -> dict[str, object]:
            raise ValueError("open sesame")

    root = SupervisorSpec(
        "root",
        [
            SupervisorSpec("s", [ActorSpec("t", lambda: Talkative([]))]),
            RegionSpec("r", "thing", lambda _id: Broken([])),
        ],
    )
    async with open_system(root) as system:
        await system.get("thing", "1").ask(Ping())
        system.ref("/s/t").tell(Sleep(50))
        system.ref("/s/t").tell(Ping())
        await trio.sleep(10)
        rows = [(i.path, i.kind, i.state, i.children, i.mailbox_depth, i.handled) for i in system.tree()]
        running = ActorState.RUNNING
        assert rows == [
            ("/", "supervisor", running, 2, 0, 0),
            ("/s", "supervisor", running, 1, 0, 0),
            ("/s/t", "Talkative", running, 0, 1, 0),
            ("/r", "region", running, 1, 0, 0),
            ("/r/1", "thing", running, 0, 0, 1),
        ]
        info = system.info("/s/t")
        assert (info.handling, info.idle) == ("Sleep", None)
        assert info.handling_for == pytest.approx(10)
        assert info.details == {"got": 1}
        assert system.info("/r/1").details == {"error": "ValueError"}
        assert system.info("/r/1").idle == pytest.approx(10)
        assert [i.path for i in system.tree("/r")] == ["/r", "/r/1"]
        with pytest.raises(UnknownActor):
            system.info("/r/2")


def test_names_and_limits_are_checked_when_declared() -> None:
    for name in ("", "a/b", "x" * 201):
        with pytest.raises(ValueError):
            worker(name, [])
    with pytest.raises(ValueError):
        SupervisorSpec("s", [worker("a", []), worker("a", [])])
    with pytest.raises(ValueError):
        Intensity(backoff_initial=2, backoff_max=1)
    with pytest.raises(ValueError):
        RegionSpec("r", "k", lambda _id: Worker([]), capacity=0)


@given(
    st.integers(0, 6),
    st.floats(0.5, 50),
    st.lists(st.tuples(st.floats(0, 20), st.sampled_from("xy")), max_size=40),
    st.integers(),
)
def test_the_budget_is_never_overspent(
    max_restarts: int, within: float, crashes: list[tuple[float, str]], seed: int
) -> None:
    limits = Intensity(max_restarts, within, backoff_initial=0.5, backoff_max=4, jitter=0.5)
    budget = RestartBudget(limits, random.Random(seed))
    granted: list[float] = []
    now = 0.0
    for gap, name in crashes:
        now += gap
        recent = [t for t in granted if t > now - within]
        delay = budget.spend(name, now)
        assert (delay is None) == (len(recent) >= max_restarts)
        if delay is not None:
            assert 0.25 <= delay <= 4
            granted.append(now)


async def test_an_exit_raised_in_an_actor_ends_the_program_as_it_is(autojump_clock: trio.abc.Clock) -> None:
    def leave(worker: Worker) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):  # noqa: PT012
        async with open_system(abc([], Strategy.ONE_FOR_ONE)) as system:
            system.ref("/a").tell(Do(leave))
            await trio.sleep_forever()
    with pytest.raises(ActorStopped):
        await system.ref("/b").ask(Ping())


async def test_a_context_that_has_ended_starts_nothing(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(abc([], Strategy.ONE_FOR_ONE)) as system:
        old = await system.ref("/a").ask(Do(lambda w: w.context))
        assert old.ref == system.ref("/a")
        system.restart("/a")
        await trio.sleep(1)
        with pytest.raises(ActorStopped):
            old.start_task(trio.sleep, 1)
        with pytest.raises(ActorStopped):
            old.send_later(1, Ping())


async def test_an_error_that_a_cancelled_actor_raises_is_its_crash(autojump_clock: trio.abc.Clock) -> None:
    class Messy(Worker):
        async def receive(self, message: Message[Any]) -> Any:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("while cleaning up")

    spec = ActorSpec("m", lambda: Messy([]), stop_timeout=1)
    async with open_system(SupervisorSpec("root", [spec])) as system:
        system.ref("/m").tell(Ping())
        await trio.sleep(1)
    assert system.info("/m").last_error == "ValueError: while cleaning up"
    assert system.info("/m").state is ActorState.STOPPED
    assert system.dead_letters.count == 1


async def test_the_system_is_known_before_its_first_actor_starts() -> None:
    known: list[ActorSystem] = []
    seen: list[bool] = []

    class Early(Actor[Message[Any]]):
        async def started(self) -> None:
            seen.append(known == [self.context.system])

    async with open_system(SupervisorSpec("root", [ActorSpec("early", Early)]), on_created=known.append):
        assert seen == [True]
