"""One actor without its loop: the test hands it its messages, one by one, and gets the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Generic, TypeVar

import trio
import trio.testing

from actors.actor import Actor, Context
from actors.cell import Cell
from actors.errors import ActorStopped
from actors.lifecycle import ActorState, StopReason
from actors.mailbox import Ask
from actors.message import AnswerT, Message
from actors.ref import ActorRef, running_cell
from actors.specs import ActorSpec, RegionSpec, SupervisorSpec
from actors.system import ActorSystem, open_system

ActorT = TypeVar("ActorT", bound=Actor[Any])


class Bench(Generic[ActorT]):
    """Drives one actor; made by `open_bench`. What others send it waits until the test has it handled."""

    def __init__(self, actor: ActorT, system: ActorSystem, cell: Cell) -> None:
        self.actor = actor
        """The actor itself, to look into."""
        self.system = system
        """The system of what is around the actor."""
        self.ended: StopReason | None = None
        """Why the actor has ended; None while it lives."""
        self._cell = cell

    @property
    def ref(self) -> ActorRef:
        """The actor's address."""
        return self._cell.ref()

    @property
    def queued(self) -> int:
        """How many messages wait to be handled by `handle_queued`."""
        return len(self._cell.mailbox)

    async def handle(self, message: Message[AnswerT]) -> AnswerT:
        """Have the actor handle this message now, before all that is queued, and return its answer.

        What the actor raises is raised here as it is; unless it is one of its refusals, the actor has crashed and
        takes no more. Ends the actor if it has called ``context.stop()``. Raises `ActorStopped` after its end, also
        after the crash of a child task.
        """
        self._notice_crash()
        if self.ended is not None:
            raise ActorStopped(self._cell.path, str(self.ended))
        try:
            answer = await self._inside(self.actor.receive, message)
        except self.actor.refusals:
            raise
        except Exception:
            self._end(StopReason.CRASHED)
            raise
        if self._cell._stopping is not None:
            await self.stop(self._cell._stopping)
        return answer  # type: ignore[no-any-return]

    async def handle_queued(self) -> int:
        """Handle what waits in the mailbox, in order, answering asks. Returns how many messages there were."""
        handled = 0
        while self.ended is None and (entry := self._cell.mailbox.take()) is not None:
            handled += 1
            item, _ = entry
            ask = item if isinstance(item, Ask) else None
            try:
                answer = await self.handle(item.message if isinstance(item, Ask) else item)
            except Exception as error:
                if ask is not None:
                    ask.fail(error)
                raise
            if ask is not None:
                ask.answer(answer)
        return handled

    async def advance(self, seconds: float) -> int:
        """Let time pass and handle what comes meanwhile, timers above all, each message at its time.

        Needs a clock that jumps. Returns how many messages were handled.
        """
        end, handled = trio.current_time() + seconds, await self.handle_queued()
        while self.ended is None:
            with trio.move_on_at(end) as waiting:
                await self._cell.mailbox.wait()
            if waiting.cancelled_caught:
                # What is due at this very moment may not have come yet.
                await trio.testing.wait_all_tasks_blocked()
            handled += await self.handle_queued()
            if waiting.cancelled_caught:
                break
        return handled

    async def stop(self, reason: StopReason = StopReason.SHUTDOWN) -> None:
        """End the actor in an orderly way, by its ``stopped(reason)``. Does nothing after its end."""
        self._notice_crash()
        if self.ended is None:
            try:
                await self._inside(self.actor.stopped, reason)
            finally:
                self._end(reason)

    async def _inside(self, method: Callable[..., Any], *args: object) -> Any:
        """Call the actor as its own loop would, so that asks it makes count as its own."""
        token = running_cell.set(self._cell)
        self._cell.task = trio.lowlevel.current_task()
        try:
            return await method(*args)
        finally:
            running_cell.reset(token)
            self._cell.task = None

    async def _start(self) -> None:
        try:
            await self._inside(self.actor.started)
        except Exception:
            self._end(StopReason.CRASHED)
            raise
        self._cell.state = ActorState.RUNNING
        if self._cell._stopping is not None:
            await self.stop(self._cell._stopping)

    def _notice_crash(self) -> None:
        """A child task may have crashed the actor meanwhile."""
        context = self._cell.context
        if self.ended is None and context is not None and context._error is not None:
            self._end(StopReason.CRASHED)

    def _end(self, reason: StopReason) -> None:
        self.ended = reason
        context = self._cell.context
        self._cell._end()
        self._cell.close(reason)
        if context is not None:
            context._nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_bench(
    factory: Callable[[], ActorT],
    *,
    name: str = "bench",
    around: Sequence[ActorSpec | RegionSpec | SupervisorSpec] = (),
    random: Random | None = None,
) -> AsyncIterator[Bench[ActorT]]:
    """Make and start an actor; stop it at the end of the block.

    ``around`` is a tree that runs as usual, for what the actor looks up in ``context.system``: `Probe`s, mostly. The
    actor is no part of it. An error in one of its child tasks ends the actor, and is raised at the end of the block.
    """
    async with open_system(SupervisorSpec("around", around), random=random) as system:
        cell = Cell(system, f"/{name}", factory, stop_timeout=5.0)
        actor = factory()
        cell.mailbox.closed = None
        cell.mailbox.capacity, cell.mailbox.overflow = actor.mailbox_capacity, actor.overflow
        cell.state = ActorState.STARTING
        error: Exception | None = None
        async with trio.open_nursery() as nursery:
            children = await nursery.start(_nursery_for_children)
            cell._actor, cell.context = actor, Context(cell, children)
            actor.context = context = cell.context
            bench = Bench(actor, system, cell)
            try:
                await bench._start()
                yield bench
                await bench.stop()
            except Exception as raised:  # noqa: BLE001 (raised again below, without the nursery's group)
                error = raised
            if bench.ended is None:
                bench._end(StopReason.SHUTDOWN)
            nursery.cancel_scope.cancel()
        if error is not None:
            raise error
        if context._error is not None:
            raise context._error


async def _nursery_for_children(task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """Their crash must not cancel the test."""
    async with trio.open_nursery() as nursery:
        task_status.started(nursery)
        await trio.sleep_forever()
