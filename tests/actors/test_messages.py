"""Telling and asking: order, answers, backpressure, refusals, and that an ask never hangs."""

from __future__ import annotations

from collections.abc import Callable
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
    AskDeadlock,
    MailboxFull,
    Message,
    Overflow,
    Restart,
    Strategy,
    SupervisorSpec,
    SystemFailed,
    Undelivered,
    UnknownActor,
    open_system,
)


@dataclass(frozen=True, slots=True)
class Add(Message[int]):
    amount: int


@dataclass(frozen=True, slots=True)
class Total(Message[int]):
    pass


@dataclass(frozen=True, slots=True)
class Explode(Message[None]):
    pass


@dataclass(frozen=True, slots=True)
class Refuse(Message[None]):
    pass


@dataclass(frozen=True, slots=True)
class Block(Message[str]):
    gate: trio.Event


@dataclass(frozen=True, slots=True)
class Forward(Message[int]):
    to: ActorRef
    message: Message[Any]


class NoThanksError(Exception):
    pass


class Counter(Actor):
    mailbox_capacity = 4
    refusals: ClassVar[tuple[type[Exception], ...]] = (NoThanksError,)

    def __init__(self, seen: list[Message[Any]] | None = None) -> None:
        self.total = 0
        self.seen = seen if seen is not None else []

    async def receive(self, message: Message[Any]) -> Any:
        self.seen.append(message)
        match message:
            case Add(amount):
                self.total += amount
                return self.total
            case Total():
                return self.total
            case Explode():
                raise ValueError("boom")
            case Refuse():
                raise NoThanksError("no")
            case Block(gate):
                await gate.wait()
                return "went on"
            case Forward(to, inner):
                return await to.ask(inner)


def tree(*factories: Callable[[], Actor], restart: Restart = Restart.PERMANENT) -> SupervisorSpec:
    names = ["a", "b", "c", "d"]
    return SupervisorSpec(
        "root",
        [ActorSpec(n, f, restart) for n, f in zip(names, factories, strict=False)],
        Strategy.ONE_FOR_ONE,
    )


async def test_an_ask_is_answered_and_tells_keep_their_order(autojump_clock: trio.abc.Clock) -> None:
    seen: list[Message[Any]] = []
    async with open_system(tree(lambda: Counter(seen))) as system:
        ref = system.ref("/a")
        for amount in (1, 2, 3):
            ref.tell(Add(amount))
        assert await ref.ask(Total()) == 6
    assert seen == [Add(1), Add(2), Add(3), Total()]


async def test_a_full_mailbox_refuses_tells_and_makes_asks_wait(autojump_clock: trio.abc.Clock) -> None:
    gate = trio.Event()
    answers: dict[int, int] = {}
    async with open_system(tree(Counter)) as system, trio.open_nursery() as nursery:
        ref = system.ref("/a")
        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(4):
            ref.tell(Add(1))
        with pytest.raises(MailboxFull):
            ref.tell(Add(100))

        async def add(amount: int) -> None:
            answers[amount] = await ref.ask(Add(amount))

        for amount in (10, 20, 30):
            nursery.start_soon(add, amount)
            await trio.testing.wait_all_tasks_blocked()
        assert system.info("/a").mailbox_depth == 7
        with pytest.raises(MailboxFull):
            ref.tell(Add(100))
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert answers == {10: 14, 20: 34, 30: 64}, "in the order they were asked"
        ref.tell(Add(1))
        assert await ref.ask(Total()) == 65


class DropsNewest(Counter):
    overflow = Overflow.DROP_NEWEST


class DropsOldest(Counter):
    overflow = Overflow.DROP_OLDEST


@pytest.mark.parametrize(("kind", "left"), [(DropsNewest, [1, 2, 3, 4]), (DropsOldest, [3, 4, 5, 6])])
async def test_an_actor_may_drop_what_finds_no_room_but_never_without_a_trace(
    autojump_clock: trio.abc.Clock, kind: type[Counter], left: list[int]
) -> None:
    seen: list[Message[Any]] = []
    async with open_system(tree(lambda: kind(seen))) as system, trio.open_nursery() as nursery:
        ref, gate = system.ref("/a"), trio.Event()
        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        for amount in range(1, 7):
            ref.tell(Add(amount))
        gate.set()
        await ref.ask(Total())
        assert [message.amount for message in seen if isinstance(message, Add)] == left
        dropped = [letter.message for letter in system.dead_letters.recent]
        assert dropped == [Add(amount) for amount in range(1, 7) if amount not in left]
        assert system.dead_letters.counts == {Undelivered.OVERFLOW: 2}


async def test_an_asker_whose_message_is_dropped_for_a_newer_one_is_told(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(tree(DropsOldest)) as system, trio.open_nursery() as nursery:
        ref, gate = system.ref("/a"), trio.Event()
        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()

        async def be_dropped() -> None:
            with pytest.raises(MailboxFull):
                await ref.ask(Add(100))

        nursery.start_soon(be_dropped)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(4):
            ref.tell(Add(1))
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        assert await ref.ask(Total()) == 4


@pytest.mark.parametrize("kind", [Counter, DropsNewest, DropsOldest])
async def test_whatever_the_policy_asks_wait_for_room(
    autojump_clock: trio.abc.Clock, kind: type[Counter]
) -> None:
    async with open_system(tree(kind)) as system, trio.open_nursery() as nursery:
        ref, gate = system.ref("/a"), trio.Event()
        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(9):
            nursery.start_soon(ref.ask, Add(1))
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        assert await ref.ask(Total()) == 9
        assert system.dead_letters.count == 0


async def test_a_mailbox_without_room_for_a_single_message_is_a_crash_not_a_hang(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Closed(Counter):
        mailbox_capacity = 0

    with pytest.raises(SystemFailed) as caught:
        async with open_system(tree(Closed)):
            pytest.fail("it cannot start")
    assert isinstance(caught.value.__cause__, ValueError)


async def test_cancelling_an_asker_that_waits_for_room_takes_its_message_back(
    autojump_clock: trio.abc.Clock,
) -> None:
    gate = trio.Event()
    seen: list[Message[Any]] = []
    async with open_system(tree(lambda: Counter(seen))) as system, trio.open_nursery() as nursery:
        ref = system.ref("/a")
        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(4):
            ref.tell(Add(1))
        with trio.move_on_after(1) as scope:
            await ref.ask(Add(100))
        assert scope.cancelled_caught
        assert system.info("/a").mailbox_depth == 4
        gate.set()
        assert await ref.ask(Total()) == 4
    assert Add(100) not in seen


async def test_cancelling_an_asker_does_not_disturb_the_actor(autojump_clock: trio.abc.Clock) -> None:
    gate = trio.Event()
    async with open_system(tree(Counter)) as system:
        ref = system.ref("/a")
        with trio.move_on_after(1):
            await ref.ask(Block(gate))
        with trio.move_on_after(1):
            await ref.ask(Add(7))  # queued already: it is handled although nobody waits any more
        gate.set()
        assert await ref.ask(Total()) == 7
        info = system.info("/a")
        assert (info.failed, info.restarts, info.handled) == (0, 0, 3)


async def test_an_ask_in_a_cancelled_scope_sends_nothing(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree(Counter)) as system:
        with trio.CancelScope() as scope:
            scope.cancel()
            await system.ref("/a").ask(Add(1))
        assert await system.ref("/a").ask(Total()) == 0


async def test_a_crash_loses_its_message_alone(autojump_clock: trio.abc.Clock) -> None:
    gate = trio.Event()
    errors: list[BaseException] = []
    answers: list[int] = []
    async with open_system(tree(Counter)) as system, trio.open_nursery() as nursery:
        ref = system.ref("/a")

        async def explode() -> None:
            try:
                await ref.ask(Explode())
            except ActorCrashed as error:
                errors.append(error)

        async def add() -> None:
            answers.append(await ref.ask(Add(5)))

        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        ref.tell(Add(1))
        nursery.start_soon(explode)
        await trio.testing.wait_all_tasks_blocked()
        ref.tell(Add(2))
        nursery.start_soon(add)
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        await trio.sleep(1)

        assert answers == [7], "a fresh instance, the rest of the mailbox, the same ref"
        assert isinstance(errors[0], ActorCrashed)
        assert isinstance(errors[0].__cause__, ValueError)
        [letter] = system.dead_letters.recent
        assert (letter.path, letter.message, letter.reason) == ("/a", Explode(), Undelivered.CRASHED)
        assert letter.error is not None
        assert "ValueError: boom" in letter.error
        info = system.info("/a")
        assert (info.failed, info.restarts, info.last_error) == (1, 1, "ValueError: boom")


async def test_a_refusal_reaches_the_asker_and_is_no_crash(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree(Counter)) as system:
        ref = system.ref("/a")
        ref.tell(Add(1))
        with pytest.raises(NoThanksError, match="no"):
            await ref.ask(Refuse())
        assert await ref.ask(Total()) == 1
        assert system.info("/a").restarts == 0
        assert system.dead_letters.count == 0
        ref.tell(Refuse())
        assert await ref.ask(Total()) == 1
        assert system.dead_letters.counts == {Undelivered.REFUSED: 1}


async def test_unknown_and_stopped_actors_are_refused_at_once(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree(Counter)) as system:
        for path in ("/nobody", "/", "/a/b", "a", ""):
            with pytest.raises(UnknownActor):
                await system.ref(path).ask(Total())
            with pytest.raises(UnknownActor):
                system.ref(path).tell(Total())
        with pytest.raises(UnknownActor):
            system.get("nothing", "x")
        ref = system.ref("/a")
    with pytest.raises(ActorStopped):
        await ref.ask(Total())
    with pytest.raises(ActorStopped):
        ref.tell(Total())


async def test_what_is_queued_when_an_actor_stops_is_turned_away(autojump_clock: trio.abc.Clock) -> None:
    gate = trio.Event()
    raised: list[str] = []
    async with open_system(tree(Counter)) as system, trio.open_nursery() as nursery:
        ref = system.ref("/a")

        async def ask() -> None:
            try:
                await ref.ask(Total())
            except ActorStopped as error:
                raised.append(error.path)

        nursery.start_soon(ref.ask, Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        ref.tell(Add(1))
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        system.stop("/a")
        await trio.testing.wait_all_tasks_blocked()
        assert raised == ["/a"], "although the actor is still busy"
        with pytest.raises(ActorStopped):
            ref.tell(Add(1))
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert system.info("/a").state == "stopped"
        assert [letter.message for letter in system.dead_letters.recent] == [Add(1), Total()]


async def test_an_ask_that_could_never_be_answered_raises(autojump_clock: trio.abc.Clock) -> None:
    class Polite(Counter):
        refusals = (AskDeadlock,)

    async with open_system(tree(Polite, Polite)) as system:
        a, b = system.ref("/a"), system.ref("/b")
        with pytest.raises(AskDeadlock):
            await a.ask(Forward(a, Total()))
        with pytest.raises(AskDeadlock):
            await a.ask(Forward(b, Forward(a, Total())))
        assert await a.ask(Forward(b, Total())) == 0


async def test_an_actor_that_never_waits_leaves_time_for_others(autojump_clock: trio.abc.Clock) -> None:
    class Endless(Actor):
        async def receive(self, message: Message[Any]) -> None:
            self.context.ref.tell(message)

    async with open_system(tree(Endless)) as system:
        system.ref("/a").tell(Add(1))
        for _ in range(100):
            await trio.lowlevel.checkpoint()
    assert system.dead_letters.count == 1


async def test_the_error_of_a_nursery_inside_receive_comes_out_unwrapped(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Nested(Actor):
        async def receive(self, message: Message[Any]) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.fail)
                await trio.sleep_forever()

        async def fail(self) -> None:
            raise KeyError("deep")

    async with open_system(tree(Nested)) as system:
        with pytest.raises(ActorCrashed) as caught:
            await system.ref("/a").ask(Total())
        assert isinstance(caught.value.__cause__, KeyError)
        await trio.sleep(1)
        assert system.info("/a").last_error == "KeyError: 'deep'"


async def test_refs_are_equal_by_address(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree(Counter, Counter)) as system:
        assert system.ref("/a") == system.ref("/a")
        assert len({system.ref("/a"), system.ref("/a"), system.ref("/b")}) == 2
        assert repr(system.ref("/a")) == "ActorRef('/a')"
