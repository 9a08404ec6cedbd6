"""Asking without waiting: the answer is handed to a function."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    ActorSpec,
    ActorStopped,
    ActorSystem,
    Inquiry,
    MailboxFull,
    Message,
    Overflow,
    SupervisorSpec,
    Undelivered,
    UnknownActor,
    open_system,
)


@dataclass(frozen=True, slots=True)
class Double(Message[int]):
    number: int


@dataclass(frozen=True, slots=True)
class Block(Message[str]):
    gate: trio.Event


@dataclass(frozen=True, slots=True)
class Explode(Message[None]):
    pass


@dataclass(frozen=True, slots=True)
class Refuse(Message[None]):
    pass


class NoThanksError(Exception):
    pass


class Doubler(Actor):
    mailbox_capacity = 2
    refusals: ClassVar[tuple[type[Exception], ...]] = (NoThanksError,)
    handled: ClassVar[list[int]] = []

    async def receive(self, message: Message[Any]) -> Any:
        match message:
            case Double(number):
                self.handled.append(number)
                return 2 * number
            case Block(gate):
                await gate.wait()
                return "went on"
            case Explode():
                raise ValueError("boom")
            case Refuse():
                raise NoThanksError("no")


class Asker:
    """Keeps what the functions are called with."""

    def __init__(self, system: ActorSystem) -> None:
        self._ref = system.ref("/a")
        self.answers: list[Any] = []
        self.errors: list[BaseException] = []

    def inquire(self, message: Message[Any]) -> Inquiry[Any]:
        return self._ref.inquire(message, self.answers.append, self.errors.append)


@pytest.fixture(autouse=True)
def _nothing_handled() -> None:
    Doubler.handled.clear()


def tree(factory: type[Actor] = Doubler) -> SupervisorSpec:
    return SupervisorSpec("root", [ActorSpec("a", factory)])


async def test_answers_come_in_the_order_of_the_questions_and_cost_no_task(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(tree()) as system:
        asker = Asker(system)
        before = trio.lowlevel.current_statistics().tasks_living
        for number in range(20):
            asker.inquire(Double(number))
        assert trio.lowlevel.current_statistics().tasks_living == before
        assert asker.answers == [], "nobody is called before the question is handled"
        await trio.testing.wait_all_tasks_blocked()
    assert asker.answers == [2 * number for number in range(20)]
    assert asker.errors == []


async def test_what_an_ask_would_raise_is_handed_over(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree()) as system:
        asker = Asker(system)
        asker.inquire(Refuse())
        asker.inquire(Explode())
        await trio.testing.wait_all_tasks_blocked()
        assert [type(error) for error in asker.errors] == [NoThanksError, ActorCrashed]
        assert isinstance(asker.errors[1].__cause__, ValueError)
        assert system.dead_letters.counts == {Undelivered.CRASHED: 1}, "a refusal that is heard is an answer"


async def test_what_is_queued_is_answered_after_a_crash(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree()) as system:
        asker = Asker(system)
        asker.inquire(Explode())
        asker.inquire(Double(1))
        await trio.sleep(5)
    assert (asker.answers, len(asker.errors)) == ([2], 1)


async def test_who_stops_while_a_question_waits_turns_it_away(autojump_clock: trio.abc.Clock) -> None:
    gate = trio.Event()
    async with open_system(tree()) as system:
        asker = Asker(system)
        asker.inquire(Block(gate))
        asker.inquire(Double(1))
        await trio.testing.wait_all_tasks_blocked()
        system.stop("/a")
        await trio.testing.wait_all_tasks_blocked()
        assert [type(error) for error in asker.errors] == [ActorStopped], "although the actor is still busy"
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
    assert asker.answers == ["went on"]


async def test_nobody_to_ask_is_said_at_once_and_neither_function_is_called(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(tree()) as system:
        asker = Asker(system)
        with pytest.raises(UnknownActor):
            system.ref("/nobody").inquire(Double(1), asker.answers.append, asker.errors.append)
    with pytest.raises(ActorStopped):
        asker.inquire(Double(1))
    assert (asker.answers, asker.errors) == ([], [])


async def test_a_cancelled_question_is_not_answered_and_one_without_a_place_not_handled(
    autojump_clock: trio.abc.Clock,
) -> None:
    gate = trio.Event()
    async with open_system(tree()) as system:
        asker = Asker(system)
        blocking = asker.inquire(Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        waiting = [asker.inquire(Double(number)) for number in range(4)]  # two have a place
        for inquiry in (blocking, waiting[0], waiting[2]):
            inquiry.cancel()
            inquiry.cancel()
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
    assert Doubler.handled == [0, 1, 3]
    assert (asker.answers, asker.errors) == ([2, 6], [])


async def test_a_question_that_is_dropped_hears_of_it(autojump_clock: trio.abc.Clock) -> None:
    class Latest(Doubler):
        overflow = Overflow.DROP_OLDEST

    gate = trio.Event()
    async with open_system(tree(Latest)) as system:
        asker = Asker(system)
        asker.inquire(Block(gate))
        await trio.testing.wait_all_tasks_blocked()
        asker.inquire(Double(1))
        system.ref("/a").tell(Double(2))
        system.ref("/a").tell(Double(3))
        assert [type(error) for error in asker.errors] == [MailboxFull]
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
    assert Doubler.handled == [2, 3]


async def test_what_the_functions_raise_is_logged_and_no_fault_of_the_actor(
    autojump_clock: trio.abc.Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(value: object) -> None:
        raise RuntimeError(f"cannot take {value!r}")

    async with open_system(tree()) as system:
        asker = Asker(system)
        with caplog.at_level(logging.ERROR, logger="actors"):
            for message in (Double(21), Refuse()):
                system.ref("/a").inquire(message, fail, fail)
            asker.inquire(Double(1))
            await trio.testing.wait_all_tasks_blocked()
        assert system.info("/a").restarts == 0
    assert asker.answers == [2]
    assert [record.getMessage() for record in caplog.records] == [
        "an answer to Double could not be taken",
        "an answer to Refuse could not be taken",
    ]
