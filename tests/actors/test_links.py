"""Links: two actors in different places that crash together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    ActorRef,
    ActorSpec,
    ActorStopped,
    ActorSystem,
    Intensity,
    LinkBroken,
    Message,
    RegionSpec,
    Restart,
    StopReason,
    SupervisorSpec,
    open_system,
)

CALM = Intensity(max_restarts=3, within=60, backoff_initial=1, jitter=0)


@dataclass(frozen=True, slots=True)
class LinkTo(Message[None]):
    ref: ActorRef


@dataclass(frozen=True, slots=True)
class Crash(Message[None]):
    pass


@dataclass(frozen=True, slots=True)
class Finish(Message[None]):
    pass


@dataclass(frozen=True, slots=True)
class Wait(Message[None]):
    seconds: float


class Partner(Actor[LinkTo | Crash | Finish | Wait]):
    def __init__(self, log: list[str]) -> None:
        self.log = log

    async def started(self) -> None:
        self.log.append(f"+{self.context.name}")

    async def receive(self, message: LinkTo | Crash | Finish | Wait) -> None:
        match message:
            case LinkTo(ref):
                self.context.link(ref)
            case Crash():
                raise ValueError(self.context.name)
            case Finish():
                self.context.stop()
            case Wait(seconds):
                await trio.sleep(seconds)

    async def stopped(self, reason: StopReason) -> None:
        self.log.append(f"-{self.context.name} {reason}")


def partners(log: list[str]) -> SupervisorSpec:
    return SupervisorSpec(
        "root",
        [
            SupervisorSpec("left", [ActorSpec("a", lambda: Partner(log), Restart.TRANSIENT)], intensity=CALM),
            SupervisorSpec(
                "right", [ActorSpec("b", lambda: Partner(log), Restart.TRANSIENT)], intensity=CALM
            ),
            RegionSpec("crowd", "crowd", lambda _: Partner(log), idle_after=5, intensity=CALM),
        ],
    )


async def both(system: ActorSystem) -> tuple[ActorRef, ActorRef]:
    a, b = system.ref("/left/a"), system.ref("/right/b")
    await a.ask(LinkTo(b))
    return a, b


@pytest.mark.parametrize("first", ["a", "b"])
async def test_when_one_crashes_the_other_crashes_too_and_both_start_anew(
    autojump_clock: trio.abc.Clock, first: str
) -> None:
    log: list[str] = []
    async with open_system(partners(log)) as system:
        a, b = await both(system)
        with pytest.raises(ActorCrashed):
            await (a if first == "a" else b).ask(Crash())
        await trio.sleep(2)
        assert sorted(log) == ["+a", "+a", "+b", "+b"]
        infos = [system.info(ref.path) for ref in (a, b)]
        assert [info.failed for info in infos] == [1, 1]
        assert sorted(str(info.last_error)[:10] for info in infos) == ["LinkBroken", "ValueError"]


async def test_a_crash_of_the_one_interrupts_what_the_other_is_handling(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(partners([])) as system, trio.open_nursery() as nursery:
        a, b = await both(system)

        async def be_interrupted() -> None:
            with pytest.raises(ActorCrashed) as caught:
                await b.ask(Wait(1000))
            assert isinstance(caught.value.__cause__, LinkBroken)
            assert caught.value.__cause__.path == a.path

        nursery.start_soon(be_interrupted)
        await trio.testing.wait_all_tasks_blocked()
        a.tell(Crash())


async def test_a_link_ends_with_the_first_of_its_two_starts(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    async with open_system(partners(log)) as system:
        a, b = await both(system)
        with pytest.raises(ActorCrashed):
            await a.ask(Crash())
        await trio.sleep(2)
        with pytest.raises(ActorCrashed):
            await a.ask(Crash())
        await trio.sleep(2)
        assert system.info(a.path).failed == 2
        assert system.info(b.path).failed == 1


async def test_an_orderly_end_of_the_one_leaves_the_other_alone(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    async with open_system(partners(log)) as system:
        a, b = await both(system)
        await a.ask(Finish())
        await trio.sleep(1)
        system.restart(b.path)
        await trio.sleep(1)
        assert log == ["+a", "+b", "-a finished", "-b restarting", "+b"]
        assert system.info(b.path).failed == 0


async def test_who_does_not_run_cannot_be_linked_to(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(partners([])) as system:
        a, b = system.ref("/left/a"), system.ref("/right/b")
        system.stop(b.path)
        await trio.sleep(1)
        for nobody in (b, system.get("crowd", "asleep"), system.ref("/nowhere")):
            with pytest.raises(ActorCrashed) as caught:
                await a.ask(LinkTo(nobody))
            assert isinstance(caught.value.__cause__, ActorStopped)
            await trio.sleep(10)


async def test_an_actor_that_links_to_itself_has_not_linked(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(partners([])) as system:
        a = system.ref("/left/a")
        await a.ask(LinkTo(a))
        with pytest.raises(ActorCrashed) as caught:
            await a.ask(Crash())
        assert isinstance(caught.value.__cause__, ValueError)
        await trio.sleep(2)
        assert system.info(a.path).failed == 1


async def test_virtual_actors_take_part_and_a_chain_of_links_crashes_as_a_whole(
    autojump_clock: trio.abc.Clock,
) -> None:
    log: list[str] = []
    async with open_system(partners(log)) as system:
        a, b = await both(system)
        c = system.get("crowd", "c")
        await c.ask(LinkTo(b))
        log.clear()
        a.tell(Crash())
        await trio.sleep(2)
        assert sorted(log) == ["+a", "+b", "+c"]


async def test_a_passivated_partner_has_ended_in_order(autojump_clock: trio.abc.Clock) -> None:
    log: list[str] = []
    async with open_system(partners(log)) as system:
        a = system.ref("/left/a")
        await system.get("crowd", "c").ask(LinkTo(a))
        await trio.sleep(20)
        assert log[-1] == "-c passivated"
        assert system.info(a.path).failed == 0


async def test_nothing_is_kept_of_a_partner_that_has_ended(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(partners([])) as system:
        a = system.ref("/left/a")
        for _ in range(3):
            await system.get("crowd", "c").ask(LinkTo(a))
            await trio.sleep(10)
        context = system._nodes["/left/a"].context  # type: ignore[attr-defined]
        assert context._linked == {}
