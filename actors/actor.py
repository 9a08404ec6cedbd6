"""What one writes: an actor. And what the runtime gives it: its context."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, TypeVarTuple

import trio

from actors.errors import ActorStopped, LinkBroken, MailboxFull
from actors.lifecycle import StopReason
from actors.mailbox import Ask, Overflow
from actors.message import AnswerT, Message
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.cell import Cell
    from actors.ref import ActorRef
    from actors.system import ActorSystem

ArgsT = TypeVarTuple("ArgsT")
MessageT = TypeVar("MessageT", bound=Message[Any])


def _ignore(_: object) -> None:
    pass


class Actor(Generic[MessageT]):
    """State, and one ``receive`` that handles one message at a time.

    The type parameter is the closed set of messages that it takes: ``class Till(Actor[Pay | Count])``.

    A factory makes a new instance for every start, so what a crash left behind is gone. Subclasses set their
    state in ``__init__`` (which has no context yet and must not wait) and in `started`.
    """

    mailbox_capacity: ClassVar[int] = 256
    """How many messages may be queued. An ask that finds no room waits for it."""

    overflow: ClassVar[Overflow] = Overflow.REFUSE
    """What a tell does that finds no room."""

    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    """Exceptions by which ``receive`` says no. They go to the asker as they are and are not a crash; a
    refused tell becomes a dead letter."""

    context: Context
    """Set by the runtime before `started`."""

    async def started(self) -> None:
        """Runs before the first message, after every start and restart. Raising counts as a crash.

        Messages wait meanwhile. What this waits for, the actors that start after this one wait for, too.
        """

    async def receive(self, message: MessageT) -> Any:
        """Handle one message. What it returns answers the ask; raising is a crash that loses this message."""
        raise NotImplementedError(f"{type(self).__name__} does not handle {type(message).__name__}")

    async def stopped(self, reason: StopReason) -> None:
        """Runs last when the actor ends in an orderly way: every reason but a crash.

        Not after a crash of `started`, `receive` or a child task, as the state cannot be trusted then, and
        not when the actor was cancelled for missing its deadline. Child tasks still run and are cancelled
        afterwards. The deadline (``stop_timeout`` of the spec) covers the message being handled and this
        method.
        """

    def describe(self) -> Mapping[str, object]:
        """State for introspection: JSON-able, without secrets. Called at any time, also during a message."""
        return {}


class Context:
    """What an actor can do besides answering. It belongs to one start of the actor and ends with it."""

    __slots__ = ("_callbacks", "_cell", "_error", "_linked", "_nursery", "_tasks", "_timers", "_watched")

    def __init__(self, cell: Cell, nursery: trio.Nursery) -> None:
        self._cell = cell
        self._nursery = nursery
        self._error: Exception | None = None
        self._tasks = 0
        self._timers: set[Timer] | None = None
        self._watched: set[Cell] | None = None
        self._linked: dict[Context, None] | None = None
        self._callbacks: list[Callable[[], None]] | None = None

    @property
    def ref(self) -> ActorRef:
        """The actor's own address."""
        return self._cell.ref()

    @property
    def path(self) -> str:
        """Where the actor is in the tree."""
        return self._cell.path

    @property
    def name(self) -> str:
        """The last segment of the path; the id of a virtual actor."""
        return self._cell.name

    @property
    def system(self) -> ActorSystem:
        """The system that runs the actor."""
        return self._cell.system

    def start_task(
        self,
        async_fn: Callable[[*ArgsT], Awaitable[object]],
        *args: *ArgsT,
        name: str | None = None,
    ) -> trio.CancelScope:
        """Run a child task beside the mailbox; it should talk to the actor by ``context.ref.tell``.

        It is cancelled when the actor ends, or by the scope that is returned. If it raises, the actor crashes
        at once, in the middle of the message it may be handling. An actor with child tasks is never idle.
        """
        scope = trio.CancelScope()
        # Counted from here, not from its first step: an actor is not idle in between.
        self._tasks += 1
        task_name = f"{self.path} {name or getattr(async_fn, '__qualname__', repr(async_fn))}"
        try:
            self._nursery.start_soon(self._run_task, scope, async_fn, args, name=task_name)
        except RuntimeError:
            self._tasks -= 1
            raise ActorStopped(self.path, "this start of it has ended") from None
        return scope

    def send_later(self, seconds: float, message: Message[Any]) -> Timer:
        """Send a message to this actor after ``seconds``; ``cancel()`` what is returned to prevent it.

        Timers end with the actor, also when it restarts. A due message waits for room when the mailbox is
        full. An actor with timers is never idle. Raises `MailboxFull` if there are already as many timers as
        the mailbox has room for messages.
        """
        cell, capacity = self._cell, self._cell.mailbox.capacity
        if cell.context is not self:
            raise ActorStopped(self.path, "this start of it has ended")
        timers = self._timers if self._timers is not None else set()
        if len(timers) >= capacity:
            timers.difference_update([timer for timer in timers if not timer.active])
            if len(timers) >= capacity:
                raise MailboxFull(self.path, capacity, "timers")
        self._timers = timers

        def deliver() -> None:
            timers.discard(timer)
            cell.deliver(Ask(message))

        timer = cell.system.timers.schedule(trio.current_time() + seconds, deliver)
        timers.add(timer)
        return timer

    def pass_on(
        self,
        ref: ActorRef,
        message: Message[AnswerT],
        *,
        answered: Callable[[AnswerT], object] = _ignore,
        failed: Callable[[BaseException], object] = _ignore,
    ) -> None:
        """Have another actor answer what is being handled now, and go on with the next message: what that actor answers
        to `message`, or what keeps it from an answer, goes straight to the asker. What `receive` returns is ignored.

        To be called in `receive`, once for a message; to raise after it still is a crash or a refusal. The asker gets
        his answer also if this actor ends before. A message that was told becomes a dead letter if the other actor
        fails. It waits for room at the other actor as an ask does; how many do is limited by how many ask this one.

        Args:
            answered, failed: called first, in the other actor's task, with the answer or the error, perhaps after this
                start of the actor has ended. They must not block; what they raise is logged.

        Raises `ActorStopped`, `UnknownActor` or `RegionFull` if there is nobody to pass it on to, as `ActorRef.inquire`
        does; then nothing was done.
        """
        self._cell.pass_on(ref, message, answered, failed)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call this when this start of the actor ends, however it ends, also in a crash.

        For what others hold of the actor, such as a publisher that has to be closed so that its subscribers are
        not left waiting. The callback must not raise.
        """
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)

    def watch(self, ref: ActorRef) -> None:
        """Be sent `Terminated` once when that actor ends for good; at once if it does not live now.

        A restart is not an end; a passivation is. Watches end with this start of the watching actor, so
        `started` is the place for them.
        """
        watched = ref._route.peek(ref._name)
        if watched is None or not watched.add_watcher(self._cell):
            self._cell.notify(ref.path, StopReason.NOT_RUNNING)
            return
        if self._watched is None:
            self._watched = set()
        self._watched.add(watched)

    def link(self, ref: ActorRef) -> None:
        """Share the fate of that actor: when one of the two crashes, the other crashes with `LinkBroken`.

        A link is between this start of the one and the present start of the other, and ends with the first of
        them; so after a crash both start anew, each by its own supervisor, and link again. It is for two actors that
        a supervisor's strategy cannot hold together because they are in different places. An orderly end of one
        leaves the other alone; for that there is `watch`.

        Raises `ActorStopped` if that actor does not run now.
        """
        cell = ref._route.peek(ref._name)
        other = None if cell is None else cell.context
        if other is None or self._cell.context is not self:
            raise ActorStopped(ref.path, "there is no start of it to link to")
        if other is not self:
            self._tie(other)
            other._tie(self)

    def _tie(self, other: Context) -> None:
        if self._linked is None:
            self._linked = {}
        self._linked[other] = None

    def stop(self) -> None:
        """Stop this actor after the current message, with reason ``FINISHED``. If it raises before it has ended, that
        is a crash all the same."""
        self._cell.finish()

    @property
    def _busy(self) -> bool:
        """Whether tasks or timers would be lost by passivation."""
        return self._tasks > 0 or any(timer.active for timer in self._timers or ())

    def _crash(self, error: Exception) -> None:
        """End this start of the actor in error. The first error is the one that counts."""
        if self._error is None:
            self._error = error
        self._nursery.cancel_scope.cancel()

    def _end(self) -> None:
        for timer in self._timers or ():
            timer.cancel()
        for watched in self._watched or ():
            watched.remove_watcher(self._cell)
        for linked in self._linked or ():
            linked._cut(self)
        for callback in self._callbacks or ():
            callback()
        self._timers = self._watched = self._linked = self._callbacks = None

    def _cut(self, ended: Context) -> None:
        if self._linked is not None:
            self._linked.pop(ended, None)
        if ended._error is not None:
            self._crash(LinkBroken(ended.path))

    async def _run_task(
        self,
        scope: trio.CancelScope,
        async_fn: Callable[[*ArgsT], Awaitable[object]],
        args: tuple[*ArgsT],
    ) -> None:
        try:
            with scope:
                await async_fn(*args)
        except Exception as error:  # noqa: BLE001 (it becomes the actor's crash)
            self._crash(error)
        finally:
            self._tasks -= 1
