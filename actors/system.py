"""A tree of actors, running."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import trio

from actors.cell import Cell
from actors.deadletters import DeadLetters
from actors.errors import SystemFailed, UnknownActor, unwrap
from actors.info import ActorInfo
from actors.lifecycle import ActorState, Exit, StopReason
from actors.node import Node
from actors.ref import ActorRef, Nowhere
from actors.region import Region
from actors.specs import ActorSpec, RegionSpec, Restart, SupervisorSpec
from actors.stats import Statistics
from actors.supervisor import Slot, Supervisor
from actors.survey import Survey, survey, visit
from actors.timers import TimerQueue
from actors.watchdog import Watchdog

logger = logging.getLogger("actors")


class ActorSystem:
    """Addresses, looks into and operates a running tree. Made by `open_system`."""

    def __init__(
        self, root: SupervisorSpec, random: Random, dead_letter_capacity: int, stuck_after: float
    ) -> None:
        self.dead_letters = DeadLetters(dead_letter_capacity)
        """Messages that nobody handled."""
        self.statistics = Statistics()
        """Counters and latencies by kind of actor."""
        self.stuck_after = stuck_after
        """Seconds after which an actor that is still at the same message is stuck."""
        self.timers = TimerQueue()
        """All timers of the system; actors use `Context.send_later`."""
        self._random = random
        self._nodes: dict[str, Node] = {}
        self._parents: dict[str, Supervisor] = {}
        self._regions: dict[str, Region] = {}
        self._nowhere = Nowhere()
        self._root = self._build_supervisor(root, "/")

    # -- addressing ------------------------------------------------------------------------------------------

    def ref(self, path: str) -> ActorRef:
        """The address of the actor at an absolute path such as "/game/lobby".

        Below a region it is what `get` returns. A path where no actor can be gives a ref that raises
        `UnknownActor` when used.
        """
        node = self._nodes.get(path)
        if isinstance(node, Cell):
            return node.ref()
        parent, _, name = path.rpartition("/")
        region = self._nodes.get(parent)
        if isinstance(region, Region) and name:
            return region.ref(name)
        return ActorRef(path, self._nowhere, path)

    def get(self, kind: str, id: str) -> ActorRef:  # noqa: A002
        """The address of the virtual actor with this id; its first message activates it.

        Raises `UnknownActor` if no region serves the kind, ValueError if ``id`` is empty, over-long or has a
        slash.
        """
        region = self._regions.get(kind)
        if region is None:
            raise UnknownActor(f"{kind}/{id}")
        return region.ref(id)

    # -- looking ---------------------------------------------------------------------------------------------

    def tree(self, path: str = "/") -> list[ActorInfo]:
        """Everything at and below a path, parents before children, children in the order they start.

        Raises `UnknownActor`.
        """
        infos: list[ActorInfo] = []
        todo = [self._node(path)]
        while todo:
            node = todo.pop()
            infos.append(node.info())
            todo.extend(reversed(list(node.children())))
        return infos

    def info(self, path: str) -> ActorInfo:
        """One node, with the actor's own description of its state. Raises `UnknownActor`."""
        node = self._node(path)
        info = node.info()
        if isinstance(node, Cell):
            info.details = node.describe()
        return info

    async def visit(
        self, see: Callable[[ActorInfo], None], path: str = "/", *, levels: int | None = None
    ) -> None:
        """Show ``see`` what `tree` lists, one node after the other, giving way to others again and again.

        For trees that may be large. With ``levels``, not what is further below the path than that: 0 is the node there
        alone, 1 also its children. An actor that comes or goes meanwhile may be shown or not. Raises `UnknownActor`.
        """
        await visit(self._node(path), see, levels)

    async def survey(self) -> Survey:
        """The load by kind, and who is stuck: a look at every actor that gives way to others again and again."""
        return await survey(self._root, self.stuck_after)

    # -- operating -------------------------------------------------------------------------------------------

    def restart(self, path: str) -> None:
        """Stop and start an actor, a region or a supervisor, which does not count as a crash; or start it
        again.

        Its supervisor's strategy decides who else is restarted. Returns at once. Raises `UnknownActor`.
        """
        node = self._node(path)
        self._parent(node).restart_child(node)

    def stop(self, path: str) -> None:
        """Stop an actor, a region or a supervisor.

        It stays stopped until it or its supervisor is restarted; a virtual actor until its next message.
        Returns at once. Raises `UnknownActor`.
        """
        node = self._node(path)
        self._parent(node).stop_child(node)

    # -- the tree --------------------------------------------------------------------------------------------

    def _node(self, path: str) -> Node:
        node = self._nodes.get(path)
        if node is None:
            parent, _, name = path.rpartition("/")
            region = self._nodes.get(parent)
            node = region.peek(name) if isinstance(region, Region) else None
        if node is None:
            raise UnknownActor(path)
        return node

    def _parent(self, node: Node) -> Supervisor | Region:
        parent = self._parents.get(node.path) or self._nodes.get(node.path.rpartition("/")[0])
        if not isinstance(parent, Supervisor | Region):
            raise UnknownActor(f"above {node.path}")
        return parent

    def _build_supervisor(self, spec: SupervisorSpec, path: str) -> Supervisor:
        supervisor = Supervisor(path, spec.strategy, spec.intensity, self._random)
        self._nodes[path] = supervisor
        for child in spec.children:
            child_path = f"{path.rstrip('/')}/{child.name}"
            restart = child.restart if isinstance(child, ActorSpec) else Restart.PERMANENT
            supervisor.slots.append(Slot(child.name, self._build(child, child_path), restart))
            self._parents[child_path] = supervisor
        return supervisor

    def _build(self, spec: ActorSpec | SupervisorSpec | RegionSpec, path: str) -> Node:
        match spec:
            case SupervisorSpec():
                return self._build_supervisor(spec, path)
            case RegionSpec():
                if spec.kind in self._regions:
                    raise ValueError(f"two regions serve the kind {spec.kind!r}")
                self._nodes[path] = self._regions[spec.kind] = Region(self, path, spec, self._random)
            case ActorSpec():
                self._nodes[path] = Cell(self, path, spec.factory, spec.stop_timeout)
        return self._nodes[path]

    # -- running ---------------------------------------------------------------------------------------------

    async def _run(self, started: trio.Event) -> Exit:
        """Run the tree to its end. Cancellation from outside does not reach it: it ends by being stopped."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.timers.run)
                if self.stuck_after < math.inf:
                    nursery.start_soon(Watchdog(self.survey, self.statistics, self.stuck_after).run)
                reason = StopReason.CRASHED
                try:
                    exit_ = await self._root.run(started.set)
                    reason = exit_.reason
                finally:
                    self._root.close(reason)
                nursery.cancel_scope.cancel()
        return exit_

    def _stop(self) -> None:
        if self._root.state not in (ActorState.RESTARTING, ActorState.STOPPED, ActorState.FAILED):
            self._root.request_stop(StopReason.SHUTDOWN, final=True)


@asynccontextmanager
async def open_system(
    root: SupervisorSpec,
    *,
    random: Random | None = None,
    dead_letter_capacity: int = 1000,
    stuck_after: float = 10.0,
    on_created: Callable[[ActorSystem], None] | None = None,
) -> AsyncIterator[ActorSystem]:
    """Start the tree, and stop it in the reverse order at the end of the block.

    The block begins when every actor is up. However it ends, also by cancellation, the tree is stopped in an
    orderly way, which takes at most the ``stop_timeout`` of each actor in turn (actors of a region stop
    together).

    Raises `SystemFailed`, cancelling the block, when the root supervisor gives up. ``random`` spreads
    restarts; a seeded one makes them repeatable. An actor that is at one message for ``stuck_after`` seconds is
    logged and counted as stuck (``math.inf``: none ever is). ``on_created`` is given the system before its first actor
    starts, for actors that reach others by way of something they were made with.
    """
    system = ActorSystem(root, random or Random(), dead_letter_capacity, stuck_after)  # noqa: S311 (spreads restarts only)
    if on_created is not None:
        on_created(system)
    started = trio.Event()
    failure: Exit | None = None
    error: BaseException | None = None

    async def run(scope: trio.CancelScope) -> None:
        nonlocal failure
        exit_ = await system._run(started)
        if exit_.crashed:
            failure = exit_
            scope.cancel()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, nursery.cancel_scope, name="actors")
            try:
                await started.wait()
                yield system
            except BaseException as raised:  # noqa: BLE001 (raised again below, without the nursery's group)
                error = raised
            system._stop()
            # The block is over: what remains is the tree's orderly end, which nothing may interrupt.
            nursery.cancel_scope.shield = True
    except BaseException as raised:  # noqa: BLE001 (raised again, without the groups)
        raise unwrap(raised) from None
    if failure is not None:
        raise SystemFailed("the root supervisor gave up") from failure.error
    if error is not None:
        raise error
