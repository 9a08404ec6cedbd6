"""Runs one actor: a cell is what stays while incarnations of the actor come and go."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import Task

from actors.actor import Actor, Context
from actors.errors import ActorStopped, unwrap
from actors.info import ActorInfo, brief
from actors.lifecycle import ActorState, Exit, StopReason
from actors.mailbox import Ask, Item, Mailbox
from actors.message import AnswerT, Message, Terminated
from actors.node import Glance, Node
from actors.ref import ActorRef, Route, running_cell
from actors.undelivered import UndeliveredMail

if TYPE_CHECKING:
    from actors.system import ActorSystem

logger = logging.getLogger("actors")

UNKNOWN_KIND = "actor"
"""Of an actor whose class is not known because its factory has never returned."""

BURST = 16
"""Messages handled in a row before other tasks get a turn, also when no handler ever waits."""


class Cell(Node):
    """The mailbox, the counters and the watchers of one actor, and the loop that feeds it."""

    __slots__ = (
        "_actor", "_factory", "_handling", "_handling_since", "_idle_since", "_item", "_kind", "_route", "_started_at",
        "_stats", "_stop_timeout", "_stopping", "_undelivered", "_watchers", "asking", "context",
        "failed", "handled", "last_error", "mailbox", "name", "path", "restarts", "state", "system", "task",
    )  # fmt: skip

    def __init__(
        self,
        system: ActorSystem,
        path: str,
        factory: Callable[[], Actor[Any]],
        stop_timeout: float,
        *,
        kind: str | None = None,
        route: Route | None = None,
    ) -> None:
        self.system = system
        self._stats = system.statistics.of(kind or UNKNOWN_KIND)
        self._undelivered = UndeliveredMail(path, self._stats, system.dead_letters)
        self.path = path
        self.name = path.rpartition("/")[2]
        self.mailbox = Mailbox(self._undelivered, Actor.mailbox_capacity, "it has not started yet")
        self.state = ActorState.NEW
        self.context: Context | None = None
        self.task: Task | None = None
        self.asking: Cell | None = None
        """Whose answer the actor waits for."""
        self.handled = 0
        self.failed = 0
        self.restarts = 0
        self.last_error: str | None = None
        self._factory = factory
        self._stop_timeout = stop_timeout
        self._kind = kind
        self._route: Route = self if route is None else route
        self._actor: Actor[Any] | None = None
        self._stopping: StopReason | None = None
        self._started_at: float | None = None
        self._handling: Message[Any] | None = None
        self._item: Item | None = None
        """What is being handled, as it was queued; None: nothing, or another actor answers it."""
        self._handling_since = 0.0
        self._idle_since = 0.0
        self._watchers: dict[Cell, None] | None = None

    # -- addressing ------------------------------------------------------------------------------------------

    def locate(self, name: str) -> Cell:  # noqa: ARG002 (a Route)
        """A cell of a supervisor is its own route; see `Route`."""
        return self

    def peek(self, name: str) -> Cell | None:  # noqa: ARG002 (a Route)
        """It is always there."""
        return self

    def ref(self) -> ActorRef:
        """The address of the actor, which outlives this cell if the actor is virtual."""
        return ActorRef(self.path, self._route, self.name)

    # -- running ---------------------------------------------------------------------------------------------

    async def run(self, on_started: Callable[[], None]) -> Exit:
        """One incarnation: construct the actor, feed it until it stops or crashes."""
        if self._stopping is not None:
            return self._exit(None)
        self._begin()
        context: Context | None = None
        error: BaseException | None = None
        ended = False
        # All in one coroutine: a message resumes every one between its actor's task and the mailbox.
        try:
            async with trio.open_nursery() as nursery:
                self.context = context = Context(self, nursery)
                try:
                    actor = await self._start(context, on_started)
                    await self._serve(actor, context)
                    await self._stop(actor, context)
                    ended = True
                except Exception as crash:  # noqa: BLE001 (it is the supervisor's to deal with)
                    context._crash(crash)
                nursery.cancel_scope.cancel()
        except Exception as group:  # noqa: BLE001 (what remains of a group that a cancellation was part of)
            error = group
        finally:
            self._end()
        if context is not None and context._error is not None:
            error = context._error
        if not ended and error is None:
            logger.warning(
                "actor %s did not stop within %s s and was cancelled", self.path, self._stop_timeout
            )
        return self._exit(error)

    def _exit(self, error: BaseException | None) -> Exit:
        """Take note of how it ended."""
        reason, self._stopping = self._stopping, None
        if reason is StopReason.FINISHED:
            # What is sent from now on is for the next start, if there is to be one.
            self.mailbox.closed = None
            # It had wanted to stop, but if it did not get there in order, that is a crash like any other.
            reason = reason if error is None else StopReason.CRASHED
        if error is not None:
            error = unwrap(error)
            self.failed += 1
            self._stats.crashed += 1
            self.last_error = brief(error)
            logger.error("actor %s crashed", self.path, exc_info=error)
        return Exit(reason or StopReason.CRASHED, error)

    def _begin(self) -> None:
        if self._started_at is not None:
            self.restarts += 1
            self._stats.restarted += 1
        self.state = ActorState.STARTING
        self._started_at = self._idle_since = trio.current_time()
        self.mailbox.closed = None
        self.mailbox.forget_signals()
        self.task = trio.lowlevel.current_task()
        running_cell.set(self)

    def _end(self) -> None:
        if self.context is not None:
            self.context._end()
        self.state = ActorState.RESTARTING
        self.context = self.task = self.asking = self._actor = self._handling = self._item = None

    async def _start(self, context: Context, on_started: Callable[[], None]) -> Actor[Any]:
        self._actor = actor = self._factory()
        actor.context = context
        if self._kind is None:
            self._kind = type(actor).__name__
            self._stats = self._undelivered.stats = self.system.statistics.of(self._kind)
        self._stats.started += 1
        self.mailbox.capacity = actor.mailbox_capacity
        self.mailbox.overflow = actor.overflow
        await actor.started()
        if self._stopping is None:
            self.state = ActorState.RUNNING
        self._idle_since = trio.current_time()
        on_started()
        return actor

    async def _stop(self, actor: Actor[Any], context: Context) -> None:
        if self._stopping is None or context._error is not None:
            return  # a child task has crashed
        self.state = ActorState.STOPPING
        self._limit_stop(context)
        await actor.stopped(self._stopping)

    async def _serve(self, actor: Actor[Any], context: Context) -> None:
        mailbox, receive = self.mailbox, actor.receive
        now = trio.lowlevel.current_clock().current_time
        waiting, handling = self._stats.waiting, self._stats.handling
        left = BURST
        time = now()
        # The crash of a child task cancels this loop only where it waits.
        while self._stopping is None and context._error is None:
            entry = mailbox.take()
            if entry is None:
                self._idle_since = now()
                await mailbox.wait()
                left = BURST
                time = now()
                continue
            item, queued_at = entry
            ask = item if isinstance(item, Ask) else None
            message = item.message if isinstance(item, Ask) else item
            waiting.observe(time - queued_at)
            self._handling_since = began = time
            self._handling = message
            self._item = item
            try:
                answer = await receive(message)
            except BaseException as error:
                plain = unwrap(error)
                if not isinstance(plain, actor.refusals):
                    self._fail(item, error)
                    raise
                self._undelivered.refused(item, plain)
            else:
                if ask is not None and self._item is not None:
                    ask.answer(answer)
            finally:
                time = now()
                handling.observe(time - began)
            self.handled += 1
            self._stats.handled += 1
            self._handling = self._item = None
            left -= 1
            if not left:
                await trio.lowlevel.checkpoint()
                left = BURST
                time = now()

    # -- stopping --------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """The actor wants to stop."""
        if self._stopping is None:
            self._stopping = StopReason.FINISHED
            if self.state is ActorState.STARTING:
                # It will handle nothing, and a virtual actor would be activated for the same mail again.
                self._turn_away(StopReason.FINISHED)
            self.mailbox.wake()

    def request_stop(self, reason: StopReason, *, final: bool) -> None:
        if final:
            self._turn_away(reason)
        if self._stopping is not StopReason.SHUTDOWN:
            self._stopping = reason
        if self.task is not None:
            self.state = ActorState.STOPPING
        if self.context is not None:
            self._limit_stop(self.context)
        self.mailbox.wake()

    def close(self, reason: StopReason) -> None:
        self._turn_away(reason)
        self.state = ActorState.FAILED if reason is StopReason.CRASHED else ActorState.STOPPED
        watchers, self._watchers = self._watchers, None
        for watcher in watchers or ():
            watcher.notify(self.path, reason)

    def _limit_stop(self, context: Context) -> None:
        scope = context._nursery.cancel_scope
        if scope.deadline == math.inf:
            scope.deadline = trio.current_time() + self._stop_timeout

    def _turn_away(self, reason: StopReason) -> None:
        why = f"it has failed ({self.last_error})" if reason is StopReason.CRASHED else f"stopped ({reason})"
        self.mailbox.closed = why
        self.mailbox.forget_signals()
        for item in self.mailbox.drain():
            self._undelivered.turn_away(item, ActorStopped(self.path, why))

    # -- messages that are not answered, or by others ---------------------------------------------------------

    def pass_on(
        self,
        ref: ActorRef,
        message: Message[AnswerT],
        answered: Callable[[AnswerT], object],
        failed: Callable[[BaseException], object],
    ) -> None:
        """Have another actor answer what is being handled. See `Context.pass_on`."""
        item = self._item
        if item is None or trio.lowlevel.current_task() is not self.task:
            raise RuntimeError("there is no message here that could be passed on")

        def answer(value: AnswerT) -> None:
            try:
                answered(value)
            finally:
                if isinstance(item, Ask):
                    item.answer(value)

        def fail(error: BaseException) -> None:
            try:
                failed(error)
            finally:
                self._undelivered.refused(item, error)

        ref.inquire(message, answer, fail)
        self._item = None

    def deliver(self, envelope: Ask) -> None:
        """Queue a message of the runtime, which waits for room rather than being refused."""
        try:
            self.mailbox.put_ask(envelope)
        except ActorStopped as error:
            self._undelivered.turn_away(envelope, error)

    def _fail(self, item: Item, error: BaseException) -> None:
        """A message was being handled when the actor crashed or was cancelled."""
        cause = error if isinstance(error, Exception) else self.context._error if self.context else None
        if cause is not None:
            self._undelivered.crashed(item, unwrap(cause))
        else:
            self._undelivered.turn_away(item, ActorStopped(self.path, "it was cancelled at its deadline"))

    # -- watching --------------------------------------------------------------------------------------------

    def add_watcher(self, watcher: Cell) -> bool:
        """Whether there is something to watch; then the watcher is told of the end."""
        if self.mailbox.closed is not None:
            return False
        if self._watchers is None:
            self._watchers = {}
        self._watchers[watcher] = None
        return True

    def remove_watcher(self, watcher: Cell) -> None:
        if self._watchers is not None:
            self._watchers.pop(watcher, None)

    def notify(self, path: str, reason: StopReason) -> None:
        """Tell the actor that another one has ended."""
        if self.mailbox.closed is None:
            self.mailbox.put_signal(Terminated(path, reason))

    # -- looking ---------------------------------------------------------------------------------------------

    def would_deadlock(self, target: Cell) -> bool:
        """Whether ``target`` waits, over however many asks, for an answer of this actor."""
        waiting: Cell | None = target
        while waiting is not None and waiting is not self:
            waiting = waiting.asking
        return waiting is self

    def idle_since(self) -> float | None:
        """Since when there has been nothing to do; None while there is something, or would be, later."""
        if self.state is not ActorState.RUNNING or self._handling is not None or len(self.mailbox):
            return None
        if self.context is None or self.context._error is not None or self.context._busy:
            return None
        return max(self._idle_since, self._handling_since)

    def info(self) -> ActorInfo:
        now = trio.current_time()
        message, up = self._handling, self.task is not None
        return ActorInfo(
            self.path,
            self._kind or UNKNOWN_KIND,
            self.state,
            handled=self.handled,
            failed=self.failed,
            restarts=self.restarts,
            last_error=self.last_error,
            mailbox_depth=len(self.mailbox),
            mailbox_capacity=self.mailbox.capacity,
            age=now - self._started_at if up and self._started_at is not None else None,
            idle=now - self._idle_since if up and message is None else None,
            handling=type(message).__name__ if message is not None else None,
            handling_for=now - self._handling_since if message is not None else None,
        )

    def describe(self) -> dict[str, object]:
        """The actor's own view of its state; when that fails, the type of the error instead."""
        if self._actor is None:
            return {}
        try:
            return dict(self._actor.describe())
        except Exception as error:  # noqa: BLE001 (looking must not break what is looked at)
            # Its type alone: what it says may be made of anything that the actor knows.
            return {"error": type(error).__name__}

    def glance(self) -> Glance:
        starting = self.state is ActorState.STARTING
        busy_since = None
        if self._handling is not None:
            busy_since = self._handling_since
        elif starting:
            busy_since = self._started_at
        return Glance(
            self._kind or UNKNOWN_KIND,
            self.task is not None,
            len(self.mailbox),
            "started()" if starting else type(self._handling).__name__,
            busy_since,
        )

    def children(self) -> Iterable[Node]:
        return ()
