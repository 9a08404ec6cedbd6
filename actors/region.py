"""Virtual actors: a region activates an actor for an id when a message comes, and passivates it when idle."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import trio

from actors.cell import Cell
from actors.errors import ActorStopped, RegionFull
from actors.info import ActorInfo
from actors.lifecycle import ActorState, Exit, StopReason
from actors.node import Node
from actors.ref import ActorRef
from actors.restarts import RestartBudget
from actors.specs import RegionSpec, Restart, check_name
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.system import ActorSystem

logger = logging.getLogger("actors")


class Activation:
    """The life of one id's cell in the region, from activation until nothing is left to do for it."""

    __slots__ = ("backoff", "cell", "idle_timer", "keeper_runs", "retry_at")

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.keeper_runs = False
        """Whether a task takes care of the cell; exactly one does while an actor of this id may exist."""
        self.idle_timer: Timer | None = None
        self.backoff: trio.CancelScope | None = None
        self.retry_at: float | None = None
        """Failed; from this time on a message may activate it again."""


class Region(Node):
    """Finds or activates the actor of an id, and restarts, passivates and stops each on its own.

    That two activations of one id never overlap, and that no message falls between them, is due to two facts:
    there is one cell (one mailbox) for an id as long as anything of it exists, served by one task, in which
    incarnations follow each other; and finding the cell, queueing a message in it, finding it empty and
    forgetting it are steps without a checkpoint inside.
    """

    def __init__(self, system: ActorSystem, path: str, spec: RegionSpec, random: Random) -> None:
        self.system = system
        self.path = path
        self.spec = spec
        self.state = ActorState.NEW
        self._random = random
        self._activations: dict[str, Activation] = {}
        self._failed: dict[str, Activation] = {}
        self._closed: str | None = "its region has not started yet"
        self._nursery: trio.Nursery | None = None
        self._context = contextvars.copy_context()
        self._stopping: StopReason | None = None
        self._wakeup = trio.Event()
        self._started_at: float | None = None
        self._restarts = 0

    # -- addressing ------------------------------------------------------------------------------------------

    def ref(self, id: str) -> ActorRef:  # noqa: A002
        """The address of the actor with this id. Raises ValueError if it cannot be an id."""
        check_name(id)
        return ActorRef(f"{self.path}/{id}", self, id)

    def locate(self, name: str) -> Cell:
        """The cell of this id, activated if need be; see `Route`."""
        activation = self._activations.get(name)
        if activation is None:
            if self._closed is not None:
                raise ActorStopped(f"{self.path}/{name}", self._closed)
            activation = self._add(name)
        elif activation.retry_at is not None and trio.current_time() >= activation.retry_at:
            self._revive(name, activation)
        return activation.cell

    def peek(self, name: str) -> Cell | None:
        activation = self._activations.get(name)
        return None if activation is None else activation.cell

    def _add(self, name: str) -> Activation:
        if len(self._activations) >= self.spec.capacity:
            self._forget_a_failed_one()
        cell = Cell(
            self.system,
            f"{self.path}/{name}",
            partial(self.spec.factory, name),
            self.spec.stop_timeout,
            kind=self.spec.kind,
            route=self,
        )
        cell.mailbox.closed = None
        self._activations[name] = activation = Activation(cell)
        self._keep_soon(name, activation)
        return activation

    def _revive(self, name: str, activation: Activation) -> None:
        activation.retry_at = None
        self._failed.pop(name, None)
        activation.cell.mailbox.closed = None
        self._keep_soon(name, activation)

    def _forget_a_failed_one(self) -> None:
        """Make room. Failed ones are kept only to be seen, and to be refused until their delay is over."""
        now = trio.current_time()
        for name, activation in self._failed.items():
            if activation.retry_at is not None and activation.retry_at <= now:
                self._forget(name)
                return
            break
        raise RegionFull(self.path, self.spec.capacity)

    def _forget(self, name: str) -> None:
        del self._activations[name]
        self._failed.pop(name, None)

    # -- running ---------------------------------------------------------------------------------------------

    async def run(self, on_started: Callable[[], None]) -> Exit:
        """Serve until told to stop; then stop all actors at once, each with its own deadline."""
        if self._stopping is None:
            if self._started_at is not None:
                self._restarts += 1
            self._closed, self._started_at = None, trio.current_time()
            self.state = ActorState.RUNNING
            self._wakeup = trio.Event()
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                # Activations must not inherit the context of whoever happens to send the first message.
                self._context = contextvars.copy_context()
                for name, activation in list(self._activations.items()):
                    if activation.retry_at is None:
                        self._keep_soon(name, activation)
                on_started()
                await self._wakeup.wait()
            self._nursery = None
        reason, self._stopping = self._stopping, None
        self.state = ActorState.RESTARTING
        return Exit(reason or StopReason.SHUTDOWN)

    def _keep_soon(self, name: str, activation: Activation) -> None:
        # While the region itself restarts there is no nursery: `run` looks after what came in.
        if self._nursery is not None and self._stopping is None:
            activation.keeper_runs = True
            start_soon = partial(self._nursery.start_soon, name=activation.cell.path)
            self._context.run(start_soon, self._keep, name, activation)

    async def _keep(self, name: str, activation: Activation) -> None:
        """Run incarnation after incarnation of one actor as long as there is a reason to."""
        cell = activation.cell
        budget = RestartBudget(self.spec.intensity, self._random)
        while True:
            exit_ = await cell.run(lambda: self._watch_idleness(activation))
            if activation.idle_timer is not None:
                activation.idle_timer.cancel()
            if exit_.crashed and self._stopping is None:
                if self.spec.restart is Restart.TEMPORARY:
                    break
                delay = budget.spend(name, trio.current_time())
                if delay is None:
                    self._give_up(name, activation)
                    return
                logger.warning("region %s restarts %s in %.3f s", self.path, name, delay)
                with trio.CancelScope() as activation.backoff:
                    await trio.sleep(delay)
                activation.backoff = None
                if cell.mailbox.closed is None and self._stopping is None:
                    continue
                exit_ = Exit(StopReason.REQUESTED)
            if self._stopping is not None or not self._goes_on(cell, exit_):
                break
        activation.keeper_runs = False
        if (
            self._stopping is not None
            and self._closed is None
            and cell.mailbox.closed is None
            and len(cell.mailbox)
        ):
            return  # the region restarts, and then serves what is queued
        self._forget(name)
        cell.close(self._stopping or exit_.reason)

    def _goes_on(self, cell: Cell, exit_: Exit) -> bool:
        """Whether another incarnation follows one that ended in an orderly way."""
        return exit_.reason is StopReason.RESTARTING or (
            cell.mailbox.closed is None and len(cell.mailbox) > 0
        )

    def _give_up(self, name: str, activation: Activation) -> None:
        logger.error("region %s gives up on %s: too many restarts", self.path, name)
        activation.keeper_runs = False
        activation.retry_at = trio.current_time() + self.spec.intensity.backoff_max
        self._failed[name] = activation
        activation.cell.close(StopReason.CRASHED)

    # -- passivation -----------------------------------------------------------------------------------------

    def _watch_idleness(self, activation: Activation) -> None:
        if self.spec.idle_after is not None:
            due = trio.current_time() + self.spec.idle_after
            self._look_again(activation, due)

    def _look_again(self, activation: Activation, due: float) -> None:
        activation.idle_timer = self.system.timers.schedule(due, lambda: self._passivate_if_idle(activation))

    def _passivate_if_idle(self, activation: Activation) -> None:
        assert self.spec.idle_after is not None
        now = trio.current_time()
        since = activation.cell.idle_since()
        due = (now if since is None else since) + self.spec.idle_after
        if due <= now:
            activation.cell.request_stop(StopReason.PASSIVATED, final=False)
        else:
            self._look_again(activation, due)

    # -- stopping --------------------------------------------------------------------------------------------

    def request_stop(self, reason: StopReason, *, final: bool) -> None:
        self._stopping = reason
        self.state = ActorState.STOPPING
        if final:
            self._closed = f"its region has stopped ({reason})"
        for activation in list(self._activations.values()):
            self._stop(activation, reason, final=final)
        self._wakeup.set()

    def _stop(self, activation: Activation, reason: StopReason, *, final: bool) -> None:
        if not activation.keeper_runs:
            return
        if activation.backoff is not None:
            # Between two incarnations there is nobody to tell.
            if final:
                activation.cell.close(reason)
            activation.backoff.cancel()
        else:
            activation.cell.request_stop(reason, final=final)

    def close(self, reason: StopReason) -> None:
        self.state = ActorState.FAILED if reason is StopReason.CRASHED else ActorState.STOPPED
        self._closed = f"its region has stopped ({reason})"
        for activation in self._activations.values():
            activation.cell.close(reason)
        self._activations.clear()
        self._failed.clear()

    # -- operating -------------------------------------------------------------------------------------------

    def restart_child(self, node: Node) -> None:
        """Start the actor again, without delay if it waits for one."""
        name, activation = self._activation(node)
        if activation.retry_at is not None:
            self._revive(name, activation)
        elif activation.backoff is not None:
            activation.backoff.cancel()
        else:
            activation.cell.request_stop(StopReason.RESTARTING, final=False)

    def stop_child(self, node: Node) -> None:
        """Stop the actor, turning away what is queued. The next message after its end activates it again."""
        name, activation = self._activation(node)
        if activation.retry_at is not None:
            self._forget(name)
        else:
            self._stop(activation, StopReason.REQUESTED, final=True)

    def _activation(self, node: Node) -> tuple[str, Activation]:
        name = node.path.rpartition("/")[2]
        return name, self._activations[name]

    # -- looking ---------------------------------------------------------------------------------------------

    def info(self) -> ActorInfo:
        up = self.state in (ActorState.RUNNING, ActorState.STOPPING)
        return ActorInfo(
            self.path,
            "region",
            self.state,
            restarts=self._restarts,
            age=trio.current_time() - self._started_at if up and self._started_at is not None else None,
            children=len(self._activations),
        )

    def children(self) -> Iterable[Node]:
        return [activation.cell for activation in self._activations.values()]
