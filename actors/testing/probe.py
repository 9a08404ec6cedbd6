"""An actor that stands in for another: it records what it is sent, and lets a test wait for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeVar

import trio

from actors.actor import Actor
from actors.message import Message
from actors.ref import ActorRef
from actors.specs import ActorSpec, SupervisorSpec
from actors.system import open_system

ReceivedT = TypeVar("ReceivedT", bound=Message[Any])

LIMIT = 5.0
"""Seconds on trio's clock that a probe waits for a message unless told otherwise."""


class Probe(Actor[Message[Any]]):
    """Takes every message. Put it into a tree by `spec`, or open one on its own by `open_probe`.

    It is one object for all its starts, so that what it has recorded survives them.
    """

    mailbox_capacity: ClassVar[int] = 100_000
    refusals: ClassVar[tuple[type[Exception], ...]] = (Exception,)

    def __init__(self, name: str = "probe") -> None:
        self.name = name
        self.received: list[Message[Any]] = []
        """Everything it was sent, oldest first."""
        self._expected = 0
        self._news = trio.Event()
        self._answers: dict[type[Message[Any]], list[object]] = {}

    def spec(self) -> ActorSpec:
        """Its place in a tree."""
        return ActorSpec(self.name, lambda: self)

    @property
    def ref(self) -> ActorRef:
        """Its address, once it has been started."""
        return self.context.ref

    def watch(self, ref: ActorRef) -> None:
        """Be sent `Terminated` when that actor ends; `expect` it like any other message."""
        self.context.watch(ref)

    def answers(self, kind: type[Message[Any]], *answers: object) -> None:
        """Answer messages of this class with these, in turn, and then always with the last.

        An exception is raised in the asker, as a refusal. A function is called with the message and its result
        is the answer. Messages without a script are answered by None.
        """
        self._answers[kind] = list(answers)

    async def expect(self, kind: type[ReceivedT], within: float = LIMIT) -> ReceivedT:
        """The next message, waiting for it up to ``within`` seconds.

        Raises AssertionError, saying what came instead, when it is of another class or does not come.
        """
        with trio.move_on_after(within):
            while self._expected == len(self.received):
                await self._news.wait()
        if self._expected == len(self.received):
            raise AssertionError(
                f"{self.name} expected {kind.__name__}, but nothing came in {within} s{self._earlier()}"
            )
        message = self.received[self._expected]
        if not isinstance(message, kind):
            raise AssertionError(  # noqa: TRY004 (for the test, not for its author)
                f"{self.name} expected {kind.__name__}, but {message!r} came{self._earlier()}"
            )
        self._expected += 1
        return message

    async def expect_nothing(self, seconds: float) -> None:
        """Wait, and raise AssertionError if there is any message that nobody has expected."""
        await trio.sleep(seconds)
        if self._expected < len(self.received):
            came = ", ".join(repr(message) for message in self.received[self._expected :])
            raise AssertionError(f"{self.name} expected nothing, but {came} came")

    async def receive(self, message: Message[Any]) -> Any:
        """Record it and answer by the script."""
        self.received.append(message)
        news, self._news = self._news, trio.Event()
        news.set()
        script = self._answers.get(type(message))
        if not script:
            return None
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(message) if callable(answer) else answer

    def _earlier(self) -> str:
        earlier = ", ".join(repr(message) for message in self.received[: self._expected])
        return f" (before: {earlier})" if earlier else ""


@asynccontextmanager
async def open_probe(name: str = "probe") -> AsyncIterator[Probe]:
    """A probe in a system of its own: its `Probe.ref` may be given to anybody."""
    probe = Probe(name)
    async with open_system(SupervisorSpec("probes", [probe.spec()])):
        yield probe
