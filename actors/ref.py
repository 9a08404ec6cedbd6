"""How everybody else holds an actor."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import trio

from actors.errors import AskDeadlock, UnknownActor
from actors.mailbox import Ask, Inquiry
from actors.message import AnswerT, Message

if TYPE_CHECKING:
    from actors.cell import Cell


running_cell: ContextVar[Cell | None] = ContextVar("running_cell", default=None)
"""The actor that the current task, or the task that started it, belongs to. Set by the runtime."""


class Route(Protocol):
    """Finds the cell of an actor at the moment a message is sent."""

    def locate(self, name: str) -> Cell:
        """The cell that takes messages for ``name`` now. Raises `UnknownActor`, `ActorStopped`,
        `RegionFull`."""
        ...

    def peek(self, name: str) -> Cell | None:
        """The same without activating anything."""
        ...


class ActorRef:
    """The address of an actor: small, hashable, valid across its restarts, passivations and activations."""

    __slots__ = ("_name", "_route", "path")

    def __init__(self, path: str, route: Route, name: str) -> None:
        self.path = path
        self._route = route
        self._name = name

    def tell(self, message: Message[Any]) -> None:
        """Queue the message and go on.

        Raises `MailboxFull` (nothing is ever dropped silently), `ActorStopped` or `UnknownActor`. Messages of
        one sender to one actor are handled in the order they were sent.
        """
        self._route.locate(self._name).mailbox.put(message)

    async def ask(self, message: Message[AnswerT]) -> AnswerT:
        """Queue the message, waiting for room if there is none, and wait for its answer.

        How long is up to the caller's cancel scope. Cancelling does not disturb the actor: if the message is
        already queued it is handled all the same and its answer is dropped; if it still waits for room it is
        not.

        Raises `ActorCrashed` (this very message ended in a crash), `ActorStopped` (at once when the actor
        does not run, and as soon as it stops while the message waits), `UnknownActor`, `AskDeadlock`, and
        whatever the actor declared as its ``refusals``.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        cell = self._route.locate(self._name)
        task = trio.lowlevel.current_task()
        ask = Ask(message, task)
        asker = running_cell.get()
        if asker is None or asker.task is not task:
            cell.mailbox.put_ask(ask)
            return await ask.wait(cell.mailbox)  # type: ignore[no-any-return]
        if asker.would_deadlock(cell):
            raise AskDeadlock(asker.path, self.path)
        cell.mailbox.put_ask(ask)
        asker.asking = cell
        try:
            return await ask.wait(cell.mailbox)  # type: ignore[no-any-return]
        finally:
            asker.asking = None

    def inquire(
        self,
        message: Message[AnswerT],
        answered: Callable[[AnswerT], None],
        failed: Callable[[BaseException], None],
    ) -> Inquiry[AnswerT]:
        """Ask without waiting: one of the functions is called with the answer, or with what `ask` would raise then.

        It costs the asker no task. The functions are called by the task of whoever answers, so they must not block;
        what they raise is logged. How long it may take is up to the asker, who may `Inquiry.cancel` it. As there is
        no task that waits, there is no limit to how many wait for room either: it is up to the asker, too.

        Raises `ActorStopped`, `UnknownActor` or `RegionFull` when there is nobody to ask; then neither is called.
        """
        mailbox = self._route.locate(self._name).mailbox
        inquiry = Inquiry(message, answered, failed, mailbox)
        mailbox.put_ask(inquiry)
        return inquiry

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ActorRef):
            return NotImplemented
        return self.path == other.path and self._route is other._route

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"ActorRef({self.path!r})"


class Nowhere:
    """The route of a path at which nothing takes messages."""

    def locate(self, name: str) -> Cell:
        """Nothing to find."""
        raise UnknownActor(name)

    def peek(self, name: str) -> Cell | None:  # noqa: ARG002 (a Route)
        """Nothing to find."""
        return None
