"""How an actor is asked about a client's frames: beside each other, in time, never too many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import trio

from actors import (
    Actor,
    ActorRef,
    ActorSpec,
    ActorStopped,
    Message,
    SupervisorSpec,
    UnknownActor,
    open_system,
)
from arena.ws.answering import Answering

SECONDS = 15.0
LIMIT = 3


@dataclass(frozen=True, slots=True)
class Sleep(Message[float]):
    seconds: float


class Sleeper(Actor):
    async def receive(self, message: Message[Any]) -> float:
        assert isinstance(message, Sleep)
        await trio.sleep(message.seconds)
        return message.seconds


class Desk:
    """Asks an actor to sleep, and remembers when what came of it."""

    def __init__(self, nursery: trio.Nursery, actor: ActorRef) -> None:
        self.answers: list[tuple[str, float]] = []
        self.errors: list[tuple[str, type[BaseException]]] = []
        self._began = trio.current_time()
        self.answering = Answering[str](
            nursery,
            actor,
            lambda item, answer: self.answers.append((item, trio.current_time() - self._began)),
            lambda item, error: self.errors.append((item, type(error))),
            seconds=SECONDS,
            limit=LIMIT,
        )

    def ask(self, item: str, seconds: float) -> bool:
        return self.answering.begin(item, Sleep(seconds))


@asynccontextmanager
async def desk(path: str = "/sleeper") -> AsyncIterator[Desk]:
    tree = SupervisorSpec("root", [ActorSpec("sleeper", Sleeper)])
    with trio.fail_after(1000):
        async with open_system(tree) as system, trio.open_nursery() as nursery:
            yield Desk(nursery, system.ref(path))
            nursery.cancel_scope.cancel()


async def test_each_item_gets_its_answer_and_none_a_task(autojump_clock: trio.abc.Clock) -> None:
    async with desk() as asking:
        assert asking.ask("a", 1)
        await trio.testing.wait_all_tasks_blocked()
        before = trio.lowlevel.current_statistics().tasks_living
        assert [asking.ask(item, 1) for item in "bc"] == [True] * 2
        assert trio.lowlevel.current_statistics().tasks_living == before
        await trio.sleep(5)
    assert asking.answers == [("a", 1), ("b", 2), ("c", 3)]


async def test_who_is_silent_for_long_costs_no_task_at_all(autojump_clock: trio.abc.Clock) -> None:
    async with desk() as asking:
        await trio.testing.wait_all_tasks_blocked()
        before = trio.lowlevel.current_statistics().tasks_living
        for _ in range(2):
            asking.ask("a", 1)
            await trio.sleep(SECONDS + 1)
            assert trio.lowlevel.current_statistics().tasks_living == before
    assert len(asking.answers) == 2


async def test_no_more_than_the_limit_are_asked_about_and_then_there_is_room_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with desk() as asking:
        assert [asking.ask(item, 1) for item in "abcd"] == [True, True, True, False]
        await trio.sleep(1.5)
        assert [asking.ask(item, 1) for item in "de"] == [True, False]
        await trio.sleep(5)
    assert [item for item, _ in asking.answers] == ["a", "b", "c", "d"]


async def test_what_takes_too_long_is_told_once_at_its_time(autojump_clock: trio.abc.Clock) -> None:
    async with desk() as asking:
        asking.ask("slow", SECONDS + 5)
        await trio.sleep(10)
        asking.ask("behind it", 1)
        await trio.sleep(SECONDS - 10 - 0.1)
        assert asking.errors == []
        await trio.sleep(0.2)
        assert asking.errors == [("slow", trio.TooSlowError)]
        await trio.sleep(30)
    assert asking.answers == [("behind it", SECONDS + 6)], (
        "the actor went on, and nobody heard of the slow one"
    )
    assert asking.errors == [("slow", trio.TooSlowError)]


async def test_also_who_has_been_busy_or_silent_for_long_is_answered_in_time(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with desk() as asking:
        for _ in range(40):
            asking.ask("quick", 0.5)
            await trio.sleep(1)
        await trio.sleep(100)
        for began in (0.0, SECONDS / 2, SECONDS - 1):
            await trio.sleep(began)
            asking.ask("slow", SECONDS + 1)
            await trio.sleep(SECONDS - 0.1)
            assert asking.errors == []
            await trio.sleep(0.2)
            assert asking.errors.pop() == ("slow", trio.TooSlowError)
            await trio.sleep(5)
    assert len(asking.answers) == 40


async def test_with_nobody_to_ask_the_item_has_failed_and_its_place_is_free(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with desk("/nobody") as asking:
        assert all(asking.ask(item, 1) for item in "abcd")
    assert asking.errors == [(item, UnknownActor) for item in "abcd"]


async def test_what_an_actor_that_stops_leaves_unanswered_has_failed(
    autojump_clock: trio.abc.Clock,
) -> None:
    tree = SupervisorSpec("root", [ActorSpec("sleeper", Sleeper)])
    async with open_system(tree) as system, trio.open_nursery() as nursery:
        asking = Desk(nursery, system.ref("/sleeper"))
        asking.ask("at work", 2)
        asking.ask("queued", 1)
        await trio.sleep(1)
        system.stop("/sleeper")
        await trio.sleep(30)
        nursery.cancel_scope.cancel()
    assert asking.answers == [("at work", 2)]
    assert asking.errors == [("queued", ActorStopped)]


async def test_after_the_end_nothing_is_told(autojump_clock: trio.abc.Clock) -> None:
    async with desk() as asking:
        asking.ask("done", 1)
        await trio.sleep(2)
        asking.ask("left", 5)
        await trio.sleep(1)
    await trio.sleep(20)
    assert (asking.answers, asking.errors) == ([("done", 1)], [])
