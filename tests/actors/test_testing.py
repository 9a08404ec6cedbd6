"""The testing kit: probes record and answer, a bench drives one actor by hand, faults come when they should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    ActorRef,
    ActorSpec,
    ActorStopped,
    Message,
    Restart,
    StopReason,
    SupervisorSpec,
    Terminated,
    open_system,
)
from actors.testing import Effect, Fault, Faults, InjectedFault, Moment, Probe, open_bench, open_probe


@dataclass(frozen=True, slots=True)
class Order(Message[int]):
    cups: int


@dataclass(frozen=True, slots=True)
class Price(Message[int]):
    pass


@dataclass(frozen=True, slots=True)
class Ready(Message[None]):
    cups: int


@dataclass(frozen=True, slots=True)
class Close(Message[None]):
    pass


@dataclass(frozen=True, slots=True)
class Brew(Message[None]):
    cups: int


class TooMany(Exception):
    pass


class Barista(Actor[Order | Close | Brew]):
    refusals: ClassVar[tuple[type[Exception], ...]] = (TooMany,)

    def __init__(self, till: ActorRef, guest: ActorRef) -> None:
        self.till, self.guest, self.log = till, guest, list[str]()

    async def started(self) -> None:
        self.log.append("started")

    async def receive(self, message: Order | Close | Brew) -> Any:
        match message:
            case Order(cups) if cups > 10:
                raise TooMany
            case Order(0):
                raise ZeroDivisionError
            case Order(cups):
                self.context.send_later(3, Brew(cups))
                return cups * await self.till.ask(Price())
            case Brew(cups):
                self.guest.tell(Ready(cups))
            case Close():
                self.context.stop()
        return None

    async def stopped(self, reason: StopReason) -> None:
        self.log.append(f"stopped: {reason}")


async def test_a_probe_gives_what_it_was_sent_in_order(autojump_clock: trio.abc.Clock) -> None:
    async with open_probe() as probe:
        probe.ref.tell(Ready(1))
        probe.ref.tell(Close())
        assert await probe.expect(Ready) == Ready(1)
        await probe.expect(Close)
        await probe.expect_nothing(10)
        assert probe.received == [Ready(1), Close()]


async def test_a_probe_says_what_came_instead(autojump_clock: trio.abc.Clock) -> None:
    async with open_probe("guest") as probe:
        with pytest.raises(AssertionError, match=r"guest expected Ready, but nothing came in 5.0 s"):
            await probe.expect(Ready)
        probe.ref.tell(Close())
        with pytest.raises(AssertionError, match=r"guest expected Ready, but Close\(\) came"):
            await probe.expect(Ready)
        with pytest.raises(AssertionError, match=r"guest expected nothing, but Close\(\) came"):
            await probe.expect_nothing(1)


async def test_a_probe_answers_by_its_script(autojump_clock: trio.abc.Clock) -> None:
    async with open_probe() as probe:
        probe.answers(Price, 3, TooMany("closed"), 4)
        probe.answers(Order, lambda order: order.cups * 2)
        assert await probe.ref.ask(Price()) == 3
        with pytest.raises(TooMany, match="closed"):
            await probe.ref.ask(Price())
        assert [await probe.ref.ask(Price()) for _ in range(2)] == [4, 4]
        assert await probe.ref.ask(Order(5)) == 10
        assert await probe.ref.ask(Ready(1)) is None


async def test_a_probe_watches(autojump_clock: trio.abc.Clock) -> None:
    probe, other = Probe("probe"), Probe("other")
    async with open_system(SupervisorSpec("root", [probe.spec(), other.spec()])) as system:
        probe.watch(system.ref("/other"))
        system.stop("/other")
        assert await probe.expect(Terminated) == Terminated("/other", StopReason.REQUESTED)


async def test_a_bench_hands_an_actor_its_messages_one_by_one(autojump_clock: trio.abc.Clock) -> None:
    async with open_probe("till") as till, open_probe("guest") as guest:
        till.answers(Price, 4)
        async with open_bench(lambda: Barista(till.ref, guest.ref)) as bench:
            assert bench.actor.log == ["started"]
            assert await bench.handle(Order(2)) == 8
            with pytest.raises(TooMany):
                await bench.handle(Order(11))
            await guest.expect_nothing(0)
            assert await bench.advance(3) == 1
            assert await guest.expect(Ready) == Ready(2)
        assert bench.actor.log == ["started", "stopped: shutdown"]


async def test_a_bench_queues_what_others_send(autojump_clock: trio.abc.Clock) -> None:
    async with open_probe("till") as till:
        till.answers(Price, 1)
        async with open_bench(lambda: Barista(till.ref, till.ref)) as bench, trio.open_nursery() as nursery:
            answers: list[int] = []

            async def order() -> None:
                answers.append(await bench.ref.ask(Order(1)))

            nursery.start_soon(order)
            await trio.testing.wait_all_tasks_blocked()
            bench.ref.tell(Order(2))
            assert (bench.queued, answers) == (2, [])
            assert await bench.handle_queued() == 2
            await trio.testing.wait_all_tasks_blocked()
            assert (bench.queued, answers) == (0, [1])


async def test_an_actor_on_a_bench_ends_like_any_other(autojump_clock: trio.abc.Clock) -> None:
    async with open_probe() as probe:
        async with open_bench(lambda: Barista(probe.ref, probe.ref)) as bench:
            await bench.handle(Close())
            assert bench.ended is StopReason.FINISHED
            assert bench.actor.log == ["started", "stopped: finished"]
            with pytest.raises(ActorStopped):
                await bench.handle(Close())
        async with open_bench(lambda: Barista(probe.ref, probe.ref)) as bench:
            with pytest.raises(ZeroDivisionError):
                await bench.handle(Order(0))
            assert bench.ended is StopReason.CRASHED
        assert bench.actor.log == ["started"], "no stopped() after a crash"


async def test_a_bench_knows_what_is_around_and_reports_child_tasks(autojump_clock: trio.abc.Clock) -> None:
    class Curious(Actor[Message[Any]]):
        async def receive(self, message: Message[Any]) -> Any:
            self.context.start_task(self.fail)
            return await self.context.system.ref("/till").ask(Price())

        async def fail(self) -> None:
            await trio.sleep(1)
            raise KeyError("child")

    till = Probe("till")
    till.answers(Price, 7)
    with pytest.raises(KeyError, match="child"):  # noqa: PT012
        async with open_bench(Curious, around=[till.spec()]) as bench:
            assert await bench.handle(Close()) == 7
            await trio.sleep(2)
            with pytest.raises(ActorStopped):
                await bench.handle(Close())
            assert bench.ended is StopReason.CRASHED


class Clerk(Actor[Message[Any]]):
    async def receive(self, message: Message[Any]) -> Any:
        return "done"


def clerk(*faults: Fault) -> tuple[Faults, SupervisorSpec]:
    injected = Faults(faults)
    return injected, SupervisorSpec("root", [ActorSpec("clerk", injected.wrap(Clerk), Restart.PERMANENT)])


async def test_a_fault_comes_at_its_message_and_once(autojump_clock: trio.abc.Clock) -> None:
    fault = Fault(Effect.CRASH, nth=2, of=Price)
    faults, tree = clerk(fault)
    async with open_system(tree) as system:
        ref = system.ref("/clerk")
        for message in (Price(), Close(), Close()):
            assert await ref.ask(message) == "done"
        with pytest.raises(ActorCrashed) as caught:
            await ref.ask(Price())
        assert isinstance(caught.value.__cause__, InjectedFault)
        for _ in range(3):
            assert await ref.ask(Price()) == "done", "restarted, and not met by the same fault"
        assert faults.injected == [fault]
        assert system.info("/clerk").restarts == 1


async def test_faults_delay_stop_and_crash_by_a_child_task(autojump_clock: trio.abc.Clock) -> None:
    faults, tree = clerk(
        Fault(Effect.DELAY, 1, seconds=5), Fault(Effect.CHILD_CRASH, 2, seconds=1), Fault(Effect.STOP, 3)
    )
    async with open_system(tree) as system:
        ref, begin = system.ref("/clerk"), trio.current_time()
        assert await ref.ask(Price()) == "done"
        assert trio.current_time() - begin == 5
        await ref.ask(Price())
        await trio.sleep(2)
        assert (system.info("/clerk").failed, system.info("/clerk").restarts) == (1, 1)
        await ref.ask(Price())
        await trio.sleep(2)
        assert (system.info("/clerk").failed, system.info("/clerk").restarts) == (1, 2)
        assert [fault.nth for fault in faults.injected] == [1, 2, 3]


async def test_faults_come_in_started_and_stopped(autojump_clock: trio.abc.Clock) -> None:
    faults, tree = clerk(Fault(Effect.CRASH, 1, at=Moment.STARTED), Fault(Effect.CRASH, 1, at=Moment.STOPPED))
    async with open_system(tree) as system:
        assert system.info("/clerk").failed == 1
        assert await system.ref("/clerk").ask(Price()) == "done"
    assert system.info("/clerk").last_error == "InjectedFault: stopped, call 1"
    assert len(faults.injected) == 2


def test_seeded_faults_are_the_same_for_a_seed() -> None:
    assert Faults.seeded(3).faults == Faults.seeded(3).faults != Faults.seeded(4).faults
    assert len(Faults.seeded(3, rate=1, calls=7).faults) == 7
    assert Faults.seeded(3, rate=0).faults == ()
