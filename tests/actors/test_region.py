"""Virtual actors: activation, passivation, crashes, and that nothing falls between two activations."""

from __future__ import annotations

import contextvars
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import (
    Actor,
    ActorCrashed,
    ActorSpec,
    ActorState,
    ActorStopped,
    ActorSystem,
    Intensity,
    Message,
    RegionFull,
    RegionSpec,
    Restart,
    StopReason,
    Strategy,
    SupervisorSpec,
    Terminated,
    UnknownActor,
    open_system,
)
from actors.testing import Probe, run_seeded

QUICK = Intensity(max_restarts=2, within=60, backoff_initial=1, backoff_max=10, jitter=0)


@dataclass(frozen=True, slots=True)
class Add(Message[int]):
    amount: int
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Do(Message[Any]):
    what: Callable[[Tally], Any]


class World:
    """What outlives activations: a store, a log, and a check that no two activations of an id overlap."""

    def __init__(self) -> None:
        self.saved: dict[str, int] = defaultdict(int)
        self.log: list[str] = []
        self.alive: Counter[str] = Counter()
        self.overlapped = False

    def make(self, id: str) -> Tally:  # noqa: A002
        return Tally(self, id)


class Tally(Actor):
    stop_takes = 0.0

    def __init__(self, world: World, id: str) -> None:  # noqa: A002
        self.world, self.id, self.total = world, id, 0

    async def started(self) -> None:
        self.world.alive[self.id] += 1
        self.world.overlapped |= self.world.alive[self.id] > 1
        self.world.log.append(f"+{self.id}")
        await trio.lowlevel.checkpoint()
        self.total = self.world.saved[self.id]

        async def guard() -> None:
            try:
                await trio.sleep_forever()
            finally:
                self.world.alive[self.id] -= 1

        self.context._nursery.start_soon(guard)  # not a child task of the actor's own: it may idle

    async def receive(self, message: Message[Any]) -> Any:
        match message:
            case Add(amount, seconds):
                await trio.sleep(seconds)
                self.total += amount
                return self.total
            case Do(what):
                return what(self)

    async def stopped(self, reason: StopReason) -> None:
        await trio.sleep(self.stop_takes)
        self.world.saved[self.id] = self.total
        self.world.log.append(f"-{self.id} {reason}")


def boom(tally: Tally) -> None:
    raise ValueError("boom")


def region(world: World, **options: Any) -> SupervisorSpec:
    options.setdefault("intensity", QUICK)
    return SupervisorSpec("root", [RegionSpec("tallies", "tally", world.make, **options)])


async def crash(system: ActorSystem, id: str) -> None:  # noqa: A002
    with pytest.raises(ActorCrashed):
        await system.get("tally", id).ask(Do(boom))
    await trio.testing.wait_all_tasks_blocked()


async def test_the_first_message_activates(autojump_clock: trio.abc.Clock) -> None:
    world = World()
    async with open_system(region(world)) as system:
        ref = system.get("tally", "x")
        assert world.log == []
        assert [info.path for info in system.tree()] == ["/", "/tallies"]
        ref.tell(Add(1))
        assert await ref.ask(Add(1)) == 2
        assert await system.get("tally", "y").ask(Add(5)) == 5
        assert await system.ref("/tallies/x").ask(Add(1)) == 3
        assert world.log == ["+x", "+y"]
        assert ref == system.get("tally", "x") == system.ref("/tallies/x")
    assert world.saved == {"x": 3, "y": 5}
    with pytest.raises(ActorStopped):
        ref.tell(Add(1))


async def test_ids_that_cannot_be_are_refused(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(region(World())) as system:
        for id_ in ("", "a/b", "x" * 201):
            with pytest.raises(ValueError):
                system.get("tally", id_)
        with pytest.raises(UnknownActor):
            system.get("count", "x")
    root = SupervisorSpec("r", [RegionSpec("a", "k", World().make), RegionSpec("b", "k", World().make)])
    with pytest.raises(ValueError):
        async with open_system(root):
            pytest.fail("two regions serve one kind")


async def test_an_idle_actor_is_passivated_and_comes_back_with_its_state(
    autojump_clock: trio.abc.Clock,
) -> None:
    world = World()
    async with open_system(region(world, idle_after=10)) as system:
        ref = system.get("tally", "x")
        for _ in range(3):
            await ref.ask(Add(1, seconds=2))
            await trio.sleep(9)
        assert world.log == ["+x"], "9 seconds are not idle"
        await trio.sleep(2)
        assert world.log == ["+x", "-x passivated"]
        assert [info.path for info in system.tree()] == ["/", "/tallies"]
        assert await ref.ask(Add(1)) == 4


async def test_a_busy_actor_is_not_idle(autojump_clock: trio.abc.Clock) -> None:
    world = World()
    async with open_system(region(world, idle_after=10)) as system:
        ref = system.get("tally", "x")
        assert await ref.ask(Add(1, seconds=100)) == 1
        await ref.ask(Do(lambda t: t.context.start_task(trio.sleep, 100)))
        await trio.sleep(95)
        await ref.ask(Do(lambda t: t.context.send_later(50, Add(1))))
        await trio.sleep(45)
        assert world.log == ["+x"]
        await trio.sleep(40)
        assert world.log == ["+x", "-x passivated"]
        assert world.saved["x"] == 2


async def test_a_message_during_passivation_reaches_the_next_activation(
    autojump_clock: trio.abc.Clock,
) -> None:
    world = World()
    world.saved["x"] = 10

    class Slow(Tally):
        stop_takes = 3.0

    root = SupervisorSpec(
        "root", [RegionSpec("tallies", "tally", lambda id_: Slow(world, id_), idle_after=10)]
    )
    async with open_system(root) as system:
        ref = system.get("tally", "x")
        assert await ref.ask(Add(1)) == 11
        await trio.sleep(11)
        assert system.info("/tallies/x").state is ActorState.STOPPING
        ref.tell(Add(1))
        assert await ref.ask(Add(1)) == 13
        assert world.log == ["+x", "-x passivated", "+x"]
        assert system.dead_letters.count == 0


async def test_an_actor_that_stops_itself_goes_on_for_what_is_queued(autojump_clock: trio.abc.Clock) -> None:
    world = World()
    async with open_system(region(world)) as system:
        ref = system.get("tally", "x")
        ref.tell(Do(lambda t: t.context.stop()))
        ref.tell(Add(1))
        await trio.sleep(1)
        assert world.log == ["+x", "-x finished", "+x"]
        await ref.ask(Do(lambda t: t.context.stop()))
        await trio.sleep(1)
        assert world.log == ["+x", "-x finished", "+x", "-x finished"]
        assert world.saved["x"] == 1


async def test_an_actor_that_stops_itself_when_started_turns_its_askers_away(
    autojump_clock: trio.abc.Clock,
) -> None:
    class NotMe(Actor):
        async def started(self) -> None:
            self.context.stop()

    root = SupervisorSpec("root", [RegionSpec("r", "k", lambda _id: NotMe())])
    async with open_system(root) as system:
        with pytest.raises(ActorStopped, match="finished"):
            await system.get("k", "x").ask(Add(1))
        with pytest.raises(ActorStopped, match="finished"):
            await system.get("k", "x").ask(Add(1))
        await trio.sleep(1)
        assert [info.path for info in system.tree()] == ["/", "/r"]


async def test_mail_waits_for_the_restart_of_an_actor_that_asked_to_stop_and_crashed_while_it_started(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Confused(Tally):
        async def started(self) -> None:
            await super().started()
            if len(self.world.log) == 1:
                self.context.stop()
                raise ValueError("boom")

    world = World()
    spec = RegionSpec("tallies", "tally", lambda id: Confused(world, id), intensity=QUICK)  # noqa: A006
    async with open_system(SupervisorSpec("root", [spec])) as system:
        ref = system.get("tally", "x")
        with pytest.raises(ActorStopped):
            await ref.ask(Add(1))
        await trio.sleep(0.5)
        assert await ref.ask(Add(2)) == 2
        assert world.log == ["+x", "+x"]


async def test_a_crash_restarts_that_actor_alone_and_keeps_its_mail(autojump_clock: trio.abc.Clock) -> None:
    world = World()
    async with open_system(region(world)) as system:
        await system.get("tally", "y").ask(Add(1))
        await crash(system, "x")
        assert system.info("/tallies/x").state is ActorState.RESTARTING
        system.get("tally", "x").tell(Add(1))
        assert await system.get("tally", "x").ask(Add(1)) == 2
        assert world.log == ["+y", "+x", "+x"]


async def test_one_that_crashes_too_often_fails_alone_and_may_try_again_later(
    autojump_clock: trio.abc.Clock,
) -> None:
    world = World()
    async with open_system(region(world, capacity=2)) as system:
        ref = system.get("tally", "x")
        await system.get("tally", "y").ask(Add(1))
        for _ in range(3):
            await crash(system, "x")
            await trio.sleep(4)
        assert system.info("/tallies/x").state is ActorState.FAILED
        with pytest.raises(ActorStopped, match="boom"):
            await ref.ask(Add(1))
        with pytest.raises(ActorStopped):
            ref.tell(Add(1))
        with pytest.raises(RegionFull):
            system.get("tally", "z").tell(Add(1))
        assert await system.get("tally", "y").ask(Add(1)) == 2
        await trio.sleep(10)
        assert await ref.ask(Add(1)) == 1
        assert system.info("/tallies/x").state is ActorState.RUNNING
        assert system.info("/tallies/x").failed == 3
        for _ in range(3):
            await crash(system, "x")
            await trio.sleep(4)
        await trio.sleep(10)
        assert await system.get("tally", "z").ask(Add(1)) == 1, (
            "a failed one makes room when its time is over"
        )
        with pytest.raises(UnknownActor):
            system.info("/tallies/x")


async def test_a_failed_actor_can_be_restarted_or_forgotten_by_operators(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(region(World(), intensity=Intensity(max_restarts=0, backoff_max=1000))) as system:
        await crash(system, "x")
        system.restart("/tallies/x")
        assert await system.get("tally", "x").ask(Add(1)) == 1
        await crash(system, "x")
        system.stop("/tallies/x")
        assert await system.get("tally", "x").ask(Add(1)) == 1


async def test_a_factory_that_raises_is_a_crash(autojump_clock: trio.abc.Clock) -> None:
    def make(id_: str) -> Actor:
        raise KeyError(id_)

    intensity = Intensity(max_restarts=1, backoff_initial=1)
    async with open_system(
        SupervisorSpec("root", [RegionSpec("r", "k", make, intensity=intensity)])
    ) as system:
        with pytest.raises(ActorStopped, match="KeyError: 'x'"):
            await system.get("k", "x").ask(Add(1))


def test_a_crash_at_the_moment_of_passivation_counts_as_a_crash() -> None:
    async def fall() -> None:
        await trio.sleep(10)
        raise ValueError("task")

    async def main() -> None:
        async with open_system(region(World(), idle_after=10, intensity=Intensity(max_restarts=0))) as system:
            await system.get("tally", "x").ask(Do(lambda t: t.context.start_task(fall)))
            await trio.sleep(11)
            assert system.info("/tallies/x").state is ActorState.FAILED

    for seed in range(50):
        run_seeded(seed, main)


async def test_a_temporary_actor_falls_with_its_first_crash(autojump_clock: trio.abc.Clock) -> None:
    world = World()
    async with (
        open_system(region(world, restart=Restart.TEMPORARY)) as system,
        trio.open_nursery() as nursery,
    ):
        ref = system.get("tally", "x")
        raised = trio.Event()

        async def ask() -> None:
            with pytest.raises(ActorStopped):
                await ref.ask(Add(2))
            raised.set()

        ref.tell(Add(1, seconds=1))
        ref.tell(Do(boom))
        nursery.start_soon(ask)
        await raised.wait()
        assert await ref.ask(Add(3)) == 3, "the next message activates it again"


async def test_capacity_is_a_limit_until_somebody_leaves(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(region(World(), capacity=2, idle_after=10)) as system:
        await system.get("tally", "x").ask(Add(1))
        await trio.sleep(5)
        await system.get("tally", "y").ask(Add(1))
        with pytest.raises(RegionFull):
            await system.get("tally", "z").ask(Add(1))
        await trio.sleep(6)
        assert await system.get("tally", "z").ask(Add(1)) == 1


async def test_operators_stop_and_restart_one_actor(autojump_clock: trio.abc.Clock) -> None:
    world = World()
    async with open_system(region(world)) as system:
        ref = system.get("tally", "x")
        ref.tell(Add(1, seconds=5))
        ref.tell(Add(100))
        await trio.sleep(1)
        system.stop("/tallies/x")
        with pytest.raises(ActorStopped):
            ref.tell(Add(1))
        await trio.sleep(5)
        assert await ref.ask(Add(1)) == 2
        system.restart("/tallies/x")
        assert await ref.ask(Add(1)) == 3
        assert world.log == ["+x", "-x requested", "+x", "-x restarting", "+x"]
        for act in (system.restart, system.stop):
            await crash(system, "x")
            act("/tallies/x")
            with trio.fail_after(0.5):
                await trio.testing.wait_all_tasks_blocked()
                assert await ref.ask(Add(1)) >= 1
            await trio.sleep(100)
        with pytest.raises(UnknownActor):
            system.restart("/tallies/nobody")


async def test_actors_of_a_region_stop_together(autojump_clock: trio.abc.Clock) -> None:
    world = World()

    class Slow(Tally):
        stop_takes = 2.0

    root = SupervisorSpec("root", [RegionSpec("tallies", "tally", lambda id_: Slow(world, id_))])
    async with open_system(root) as system:
        for n in range(20):
            await system.get("tally", str(n)).ask(Add(n))
        begin = trio.current_time()
    assert trio.current_time() - begin == pytest.approx(2)
    assert world.saved == {str(n): n for n in range(20)}


async def test_a_restarting_region_serves_what_was_queued_meanwhile(autojump_clock: trio.abc.Clock) -> None:
    world = World()

    class Fragile(Actor):
        async def receive(self, message: Message[Any]) -> Any:
            raise ValueError("fragile")

    tallies = RegionSpec("tallies", "tally", world.make)
    root = SupervisorSpec("root", [ActorSpec("fragile", Fragile), tallies], Strategy.REST_FOR_ONE, QUICK)
    async with open_system(root) as system, trio.open_nursery() as nursery:
        answers: list[int] = []

        async def add(id_: str, seconds: float = 0) -> None:
            answers.append(await system.get("tally", id_).ask(Add(1, seconds)))

        nursery.start_soon(add, "x", 3)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(add, "x")
        await trio.testing.wait_all_tasks_blocked()
        system.ref("/fragile").tell(Add(1))
        await trio.sleep(0.5)
        assert system.info("/tallies").state is ActorState.STOPPING
        nursery.start_soon(add, "new")
        await trio.sleep(10)
        assert sorted(answers) == [1, 1, 2]
        assert system.dead_letters.count == 1


async def test_an_end_of_a_virtual_actor_is_seen_by_watchers(autojump_clock: trio.abc.Clock) -> None:
    probe = Probe()
    tallies = region(World(), intensity=Intensity(max_restarts=0), idle_after=100).children[0]
    async with open_system(SupervisorSpec("root", [probe.spec(), tallies])) as system:
        y = system.get("tally", "y")
        probe.watch(y)
        assert await probe.expect(Terminated) == Terminated("/tallies/y", StopReason.NOT_RUNNING)
        await y.ask(Add(1))
        probe.watch(y)
        await crash(system, "y")
        assert await probe.expect(Terminated) == Terminated("/tallies/y", StopReason.CRASHED)


async def test_activations_do_not_inherit_the_senders_context(autojump_clock: trio.abc.Clock) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="clean")
    async with open_system(region(World())) as system:
        variable.set("dirty")
        assert await system.get("tally", "x").ask(Do(lambda _t: variable.get())) == "clean"


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32), idle_after=st.sampled_from([0.5, 1.0, 3.0]), restart=st.sampled_from(Restart)
)
def test_no_message_is_lost_or_doubled_whatever_happens(
    seed: int, idle_after: float, restart: Restart
) -> None:
    """Senders, crashes, passivations, stops and cancellations at random times."""
    random = Random(seed)
    world = World()
    handled: Counter[int] = Counter()
    order: dict[tuple[int, str], list[int]] = defaultdict(list)
    outcomes: Counter[int] = Counter()
    refused: set[int] = set()
    withdrawn: set[int] = set()

    @dataclass(frozen=True, slots=True)
    class Job(Message[int]):
        sender: int
        number: int
        seconds: float
        crash: bool

    class Busy(Tally):
        mailbox_capacity = 3
        stop_takes = random.choice([0.0, 0.7])

        async def receive(self, message: Message[Any]) -> Any:
            assert isinstance(message, Job)
            handled[message.number] += 1
            order[message.sender, self.id].append(message.number)
            await trio.sleep(message.seconds)
            if message.crash:
                raise ValueError("boom")
            return message.number

    async def send(system: ActorSystem, sender: int) -> None:
        for i in range(12):
            number = sender * 100 + i
            job = Job(sender, number, random.choice([0, 0, 0.3]), random.random() < 0.1)
            ref = system.get("tally", random.choice("xy"))
            try:
                if random.random() < 0.5:
                    ref.tell(job)
                else:
                    with trio.move_on_after(random.choice([0.2, 5, 50])) as scope:
                        assert await ref.ask(job) == number
                    if scope.cancelled_caught:
                        withdrawn.add(number)
            except ActorCrashed:
                assert job.crash
            except Exception:  # noqa: BLE001 (turned away: refused now, or dead letters know)
                refused.add(number)
            outcomes[number] += 1
            await trio.sleep(random.choice([0, 0.1, 0.5, 1, 4]))

    async def main() -> None:
        spec = RegionSpec(
            "tallies", "tally", lambda id_: Busy(world, id_), idle_after, restart=restart, intensity=QUICK
        )
        with trio.fail_after(1000):
            async with open_system(SupervisorSpec("root", [spec]), random=Random(seed)) as system:
                async with trio.open_nursery() as nursery:
                    for sender in range(4):
                        nursery.start_soon(send, system, sender)
                    for _ in range(random.randrange(4)):
                        await trio.sleep(random.random() * 5)
                        act = random.choice([system.stop, system.restart])
                        live = [i.path for i in system.tree("/tallies")[1:]]
                        if live:
                            act(random.choice(live))
                await trio.sleep(60)
        dead = {letter.message.number for letter in system.dead_letters.recent}  # type: ignore[attr-defined]
        assert len(outcomes) == 48
        for number in outcomes:
            assert handled[number] <= 1
            # A message that its asker withdrew while it waited for room is the only one that leaves no trace.
            assert handled[number] or number in dead | refused | withdrawn
        for numbers in order.values():
            assert numbers == sorted(numbers)
        assert not +world.alive
        assert not world.overlapped

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
