"""Makes actors fail on purpose, at moments that are listed or that follow from a seed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any, ParamSpec, TypeVar

import trio

from actors.actor import Actor
from actors.message import Message

P = ParamSpec("P")
ActorT = TypeVar("ActorT", bound=Actor[Any])


class InjectedFault(Exception):
    """A crash that the test wanted."""


class Moment(Enum):
    """Which of an actor's methods a fault is in; also the name of that method."""

    STARTED = "started"
    RECEIVE = "receive"
    STOPPED = "stopped"


class Effect(Enum):
    """What happens, before the actor's own method runs."""

    CRASH = "crash"
    """The method raises `InjectedFault` and does nothing else."""
    DELAY = "delay"
    """It waits ``seconds``."""
    STOP = "stop"
    """The actor calls ``context.stop()``."""
    CHILD_CRASH = "child crash"
    """A child task is started that raises `InjectedFault` after ``seconds``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, once: at the ``nth`` call (from 1) of the method; ``of`` counts only messages of
    that class."""

    effect: Effect
    nth: int = 1
    at: Moment = Moment.RECEIVE
    of: type[Message[Any]] = Message
    seconds: float = 0.0


class Faults:
    """Faults for the actors of one factory. Calls are counted over all starts, so that a restarted actor does not
    meet the same fault again."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        self.injected: list[Fault] = []
        """Those that have happened, oldest first."""
        self._calls = dict.fromkeys(self.faults, 0)

    @classmethod
    def seeded(
        cls,
        seed: int,
        *,
        rate: float = 0.1,
        calls: int = 100,
        effects: Sequence[Effect] = tuple(Effect),
        max_seconds: float = 1.0,
    ) -> Faults:
        """In each of the first ``calls`` messages, a fault with probability ``rate``; the same for the same seed."""
        random = Random(seed)  # noqa: S311 (has to be repeatable)
        return cls([
            Fault(random.choice(effects), nth, seconds=random.uniform(0, max_seconds))
            for nth in range(1, calls + 1)
            if random.random() < rate
        ])  # fmt: skip

    def wrap(self, factory: Callable[P, ActorT]) -> Callable[P, ActorT]:
        """A factory of the same actors, which have these faults."""

        def make(*args: P.args, **kwargs: P.kwargs) -> ActorT:
            actor = factory(*args, **kwargs)
            for moment in Moment:
                setattr(actor, moment.value, self._faulty(actor, moment, getattr(actor, moment.value)))
            return actor

        return make

    def _faulty(
        self, actor: Actor[Any], moment: Moment, method: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def call(*args: object) -> Any:
            for fault in self._due(moment, args):
                self.injected.append(fault)
                await _inject(actor, fault)
            return await method(*args)

        return call

    def _due(self, moment: Moment, args: Sequence[object]) -> list[Fault]:
        due = []
        for fault in self._calls:
            if fault.at is moment and (moment is not Moment.RECEIVE or isinstance(args[0], fault.of)):
                self._calls[fault] += 1
                if self._calls[fault] == fault.nth:
                    due.append(fault)
        return due


async def _inject(actor: Actor[Any], fault: Fault) -> None:
    match fault.effect:
        case Effect.CRASH:
            raise InjectedFault(f"{fault.at.value}, call {fault.nth}")
        case Effect.DELAY:
            await trio.sleep(fault.seconds)
        case Effect.STOP:
            actor.context.stop()
        case Effect.CHILD_CRASH:
            actor.context.start_task(_crash_later, fault)


async def _crash_later(fault: Fault) -> None:
    await trio.sleep(fault.seconds)
    raise InjectedFault(f"child task of {fault.at.value}, call {fault.nth}")
