"""Code can ask on behalf of which actor it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    ActorSpec,
    ActorSystem,
    CurrentActor,
    Message,
    RegionSpec,
    SupervisorSpec,
    current_actor,
    open_system,
)
from actors.current import MAX_ID


@dataclass(frozen=True, slots=True)
class Look(Message[CurrentActor]):
    """Carries nothing but a secret."""

    contents: str = "open sesame"


@dataclass(frozen=True, slots=True)
class LookWithId(Message[CurrentActor]):
    id: object


@dataclass(frozen=True, slots=True)
class LookWithMessageId(Message[CurrentActor]):
    message_id: UUID
    id: int = 7


@dataclass(frozen=True, slots=True)
class Do(Message[CurrentActor]):
    what: Callable[[Observer], Any] = field(repr=False)


class Observer(Actor[Message[Any]]):
    def __init__(self) -> None:
        self.at_start: CurrentActor | None = None

    async def started(self) -> None:
        self.at_start = current_actor()

    async def receive(self, message: Message[Any]) -> Any:
        match message:
            case Do(what):
                return await what(self)
            case _:
                return current_actor()


def observing() -> AbstractAsyncContextManager[ActorSystem]:
    return open_system(
        SupervisorSpec(
            "root", [ActorSpec("observer", Observer), RegionSpec("many", "many", lambda key: Observer())]
        )
    )


async def test_outside_of_actors_there_is_none() -> None:
    assert current_actor() is None
    async with observing() as system:
        await system.ref("/observer").ask(Look())
        assert current_actor() is None


def test_without_a_running_trio_there_is_none() -> None:
    assert current_actor() is None


async def test_a_handler_knows_its_actor_and_the_type_of_its_message() -> None:
    async with observing() as system:
        for path in ("/observer", "/many/a"):
            current = await system.ref(path).ask(Look())
            assert (current.path, current.message) == (path, "Look")
            assert "sesame" not in repr(current)


async def test_it_is_the_handling_actor_and_not_the_one_that_asks() -> None:
    async def ask_another(asker: Observer) -> list[CurrentActor | None]:
        answer = await asker.context.system.ref("/many/b").ask(Look())
        return [answer, current_actor()]

    async with observing() as system:
        asked, asker = await system.ref("/observer").ask(Do(ask_another))  # type: ignore[misc]
    assert (asked.path, asker.path) == ("/many/b", "/observer")


async def test_between_messages_there_is_an_actor_and_no_message() -> None:
    async def at_start(actor: Observer) -> CurrentActor | None:
        return actor.at_start

    async with observing() as system:
        assert await system.ref("/observer").ask(Do(at_start)) == CurrentActor("/observer")


async def test_child_tasks_know_their_actor_and_no_message() -> None:
    async def by_child(actor: Observer) -> CurrentActor | None:
        seen: list[CurrentActor | None] = []
        done = trio.Event()

        async def child() -> None:
            seen.append(current_actor())
            done.set()

        actor.context.start_task(child)
        await done.wait()
        return seen[0]

    async with observing() as system:
        assert await system.ref("/observer").ask(Do(by_child)) == CurrentActor("/observer")


async def test_threads_of_an_actor_know_it_and_no_message() -> None:
    async def by_thread(actor: Observer) -> CurrentActor | None:
        return await trio.to_thread.run_sync(current_actor)

    async with observing() as system:
        assert await system.ref("/observer").ask(Do(by_thread)) == CurrentActor("/observer")


ID = UUID(int=5)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LookWithId(ID), str(ID)),
        (LookWithId(12), "12"),
        (LookWithId("x" * 1000), "x" * MAX_ID),
        (LookWithMessageId(ID), str(ID)),
    ],
)
async def test_a_message_is_known_by_its_own_id(message: Message[CurrentActor], expected: str) -> None:
    async with observing() as system:
        assert (await system.ref("/observer").ask(message)).message_id == expected


async def test_an_id_that_is_no_plain_value_is_not_told() -> None:
    async with observing() as system:
        current = await system.ref("/observer").ask(LookWithId({"phrase": "open sesame"}))
        assert "sesame" not in repr(current)
        assert current.message_id is not None


async def test_messages_without_an_id_are_told_apart_also_across_crashes_and_restarts(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def crash(actor: Observer) -> None:
        raise ValueError("on purpose")

    async with observing() as system:
        observer, numbers = system.ref("/observer"), []
        for disturb in (None, crash, None, crash, None):
            for _ in range(2):
                numbers.append((await observer.ask(Look())).message_id)
            if disturb is not None:
                with pytest.raises(ActorCrashed):
                    await observer.ask(Do(disturb))
            else:
                system.restart("/observer")
                await trio.sleep(1)
        assert len(set(numbers)) == len(numbers) == 10
