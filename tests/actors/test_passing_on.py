"""An actor has another one answer what it was asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
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
    Message,
    SupervisorSpec,
    Undelivered,
    UnknownActor,
    open_system,
)


@dataclass(frozen=True, slots=True)
class Work(Message[str]):
    """``how``: what the worker does."""

    how: str = "well"
    gate: trio.Event | None = None


@dataclass(frozen=True, slots=True)
class Count(Message[int]):
    """How many messages has the clerk seen?"""


@dataclass(frozen=True, slots=True)
class Order(Message[str]):
    """What the clerk passes on; ``then``: what he does after that."""

    work: Work
    to: str = "/worker"
    then: Callable[[], Any] | None = None


class TooMuchError(Exception):
    pass


class Worker(Actor):
    refusals: ClassVar[tuple[type[Exception], ...]] = (TooMuchError,)

    async def receive(self, message: Work) -> str:
        if message.gate is not None:
            await message.gate.wait()
        if message.how == "refuse":
            raise TooMuchError("no")
        if message.how == "crash":
            raise ValueError("boom")
        return f"done {message.how}"


class Clerk(Actor):
    """``heard`` is what he was told of by the worker."""

    refusals: ClassVar[tuple[type[Exception], ...]] = (TooMuchError,)
    heard: ClassVar[list[Any]] = []
    seen = 0

    async def receive(self, message: Message[Any]) -> Any:
        self.seen += 1
        match message:
            case Order(work, to, then):
                self.context.pass_on(
                    self.context.system.ref(to), work, answered=self.heard.append, failed=self.heard.append
                )
                if then is not None:
                    then()
                return "what nobody gets"
            case Count():
                return self.seen


@pytest.fixture(autouse=True)
def _nothing_heard() -> None:
    Clerk.heard.clear()


def tree(*others: ActorSpec) -> SupervisorSpec:
    return SupervisorSpec("root", [ActorSpec("worker", Worker), ActorSpec("clerk", Clerk), *others])


async def asked(system: ActorSystem, order: Order) -> Any:
    with trio.fail_after(10):
        return await system.ref("/clerk").ask(order)


async def test_the_asker_gets_the_other_s_answer_and_the_first_goes_on_meanwhile(
    autojump_clock: trio.abc.Clock,
) -> None:
    gate, answers = trio.Event(), []
    async with open_system(tree()) as system:
        clerk = system.ref("/clerk")
        clerk.inquire(Order(Work(gate=gate)), answers.append, answers.append)
        clerk.inquire(Order(Work("quickly")), answers.append, answers.append)
        assert await clerk.ask(Count()) == 3
        assert answers == Clerk.heard == []
        gate.set()
        assert await asked(system, Order(Work("at last"))) == "done at last"
    assert answers == ["done well", "done quickly"]
    assert Clerk.heard == ["done well", "done quickly", "done at last"]


async def test_what_keeps_the_other_from_an_answer_is_the_asker_s(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(tree()) as system:
        with pytest.raises(TooMuchError):
            await asked(system, Order(Work("refuse")))
        with pytest.raises(ActorCrashed, match="/worker crashed while handling Work"):
            await asked(system, Order(Work("crash")))
        assert [type(error) for error in Clerk.heard] == [TooMuchError, ActorCrashed]
        assert system.info("/clerk").restarts == 0
        assert system.dead_letters.counts == {Undelivered.CRASHED: 1}


async def test_who_has_nobody_to_pass_it_on_to_is_told_and_crashes_if_he_does_not_care(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(tree()) as system:
        with pytest.raises(ActorCrashed) as crashed:
            await asked(system, Order(Work(), to="/nobody"))
        assert isinstance(crashed.value.__cause__, UnknownActor)
        assert Clerk.heard == []


async def test_raising_afterwards_counts_more_than_the_other_s_answer(
    autojump_clock: trio.abc.Clock,
) -> None:
    def refuse() -> None:
        raise TooMuchError("after all")

    def crash() -> None:
        raise ValueError("boom")

    async with open_system(tree()) as system:
        with pytest.raises(TooMuchError, match="after all"):
            await asked(system, Order(Work(), then=refuse))
        with pytest.raises(ActorCrashed):
            await asked(system, Order(Work(), then=crash))
        await trio.testing.wait_all_tasks_blocked()
        assert Clerk.heard == ["done well"] * 2


async def test_the_asker_gets_his_answer_also_when_the_first_has_ended(
    autojump_clock: trio.abc.Clock,
) -> None:
    gate, answers = trio.Event(), []
    async with open_system(tree()) as system:
        system.ref("/clerk").inquire(Order(Work(gate=gate)), answers.append, answers.append)
        await trio.testing.wait_all_tasks_blocked()
        system.stop("/clerk")
        await trio.testing.wait_all_tasks_blocked()
        assert answers == []
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
    assert answers == ["done well"]


async def test_he_hears_of_it_when_the_other_ends(autojump_clock: trio.abc.Clock) -> None:
    gate, answers = trio.Event(), []
    async with open_system(tree()) as system:
        system.ref("/worker").inquire(Work(gate=gate), answers.append, answers.append)
        system.ref("/clerk").inquire(Order(Work()), answers.append, answers.append)
        await trio.testing.wait_all_tasks_blocked()
        system.stop("/worker")
        await trio.testing.wait_all_tasks_blocked()
        assert [type(error) for error in answers] == [ActorStopped]
        gate.set()


async def test_an_asker_who_has_left_disturbs_nobody(autojump_clock: trio.abc.Clock) -> None:
    gate = trio.Event()
    async with open_system(tree()) as system:
        with trio.move_on_after(1):
            await system.ref("/clerk").ask(Order(Work(gate=gate)))
        gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert Clerk.heard == ["done well"]
        assert await system.ref("/clerk").ask(Count()) == 2


async def test_what_was_told_is_passed_on_too_and_is_a_dead_letter_if_that_fails(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_system(tree()) as system:
        system.ref("/clerk").tell(Order(Work()))
        system.ref("/clerk").tell(Order(Work("refuse")))
        await trio.testing.wait_all_tasks_blocked()
        assert Clerk.heard[0] == "done well"
        assert [(letter.path, letter.reason) for letter in system.dead_letters.recent] == [
            ("/clerk", Undelivered.REFUSED)
        ]


async def test_what_the_functions_raise_is_logged_and_keeps_nobody_from_the_answer(
    autojump_clock: trio.abc.Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clumsy(list[Any]):
        def append(self, value: Any) -> None:
            raise RuntimeError(f"cannot take {value!r}")

    monkeypatch.setattr(Clerk, "heard", Clumsy())
    async with open_system(tree()) as system:
        with caplog.at_level(logging.ERROR, logger="actors"):
            assert await asked(system, Order(Work())) == "done well"
            with pytest.raises(TooMuchError):
                await asked(system, Order(Work("refuse")))
        assert system.info("/worker").restarts == 0
    assert [record.getMessage() for record in caplog.records] == ["an answer to Work could not be taken"] * 2


async def test_it_is_for_the_message_that_is_being_handled_and_once(autojump_clock: trio.abc.Clock) -> None:
    errors: list[str] = []

    class Confused(Actor):
        async def started(self) -> None:
            self._try()
            self.context.start_task(self._in_a_task)

        async def receive(self, message: Work) -> None:
            self.context.pass_on(self.context.system.ref("/worker"), message)
            self._try()
            await trio.sleep(2)

        async def _in_a_task(self) -> None:
            await trio.sleep(1)
            self._try()

        def _try(self) -> None:
            try:
                self.context.pass_on(self.context.system.ref("/worker"), Work("wrongly"))
            except RuntimeError as error:
                errors.append(str(error))

    async with open_system(tree(ActorSpec("confused", Confused))) as system:
        assert await system.ref("/confused").ask(Work()) == "done well"
        await trio.sleep(2)
    assert errors == ["there is no message here that could be passed on"] * 3
