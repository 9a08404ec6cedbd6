"""Starts, restarts and stops the children of one supervisor."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from random import Random

import trio

from actors.info import ActorInfo, brief
from actors.lifecycle import ActorState, Exit, StopReason
from actors.node import Node
from actors.restarts import RestartBudget
from actors.specs import Intensity, Restart, Strategy

logger = logging.getLogger("actors")


class Slot:
    """A child and what its supervisor wants of it."""

    __slots__ = (
        "doom",
        "has_been_up",
        "name",
        "node",
        "not_before",
        "restart",
        "running",
        "told",
        "up",
        "wanted",
    )

    def __init__(self, name: str, node: Node, restart: Restart) -> None:
        self.name = name
        self.node = node
        self.restart = restart
        self.reset()

    def reset(self) -> None:
        """As it is before the supervisor's first step."""
        self.wanted = True
        """Whether it should run, now or after a delay."""
        self.running = False
        """From the decision to start it until the end of its run is known."""
        self.up = False
        """Running, and ``started()`` is through."""
        self.has_been_up = False
        self.doom: StopReason | None = None
        """Why the present run has to end."""
        self.told = False
        """Whether the child knows of its doom."""
        self.not_before = -math.inf


class Supervisor(Node):
    """One loop that never waits for a child: it takes note of what happened and takes the steps that are due.

    What is wanted of each child is written into its slot; `_step` then stops whoever is doomed, last child
    first, and starts whoever is wanted and down, first child first.
    """

    def __init__(self, path: str, strategy: Strategy, intensity: Intensity, random: Random) -> None:
        self.path = path
        self.slots: list[Slot] = []
        self.state = ActorState.NEW
        self._strategy = strategy
        self._intensity = intensity
        self._random = random
        self._budget = RestartBudget(intensity, random)
        self._ended: list[tuple[Slot, Exit]] = []
        self._wakeup = trio.Event()
        self._stopping: StopReason | None = None
        self._final = False
        self._error: BaseException | None = None
        self._started_at: float | None = None
        self._restarts = 0
        self._failed = 0
        self._last_error: str | None = None

    # -- running ---------------------------------------------------------------------------------------------

    async def run(self, on_started: Callable[[], None]) -> Exit:
        """Start the children in order and keep them up until told to stop or until crashes are too many."""
        if self._started_at is not None:
            self._restarts += 1
        self.state, self._started_at = ActorState.STARTING, trio.current_time()
        self._budget = RestartBudget(self._intensity, self._random)
        for slot in self.slots:
            slot.reset()
        async with trio.open_nursery() as nursery:
            while True:
                self._wakeup = trio.Event()
                self._take_note()
                wake_at = self._step(nursery)
                if self.state is ActorState.STARTING and all(
                    slot.up or not slot.wanted for slot in self.slots
                ):
                    self.state = ActorState.RUNNING
                    on_started()
                if self._stopping is not None and not any(slot.running for slot in self.slots):
                    break
                if not self._ended:
                    with trio.move_on_at(wake_at):
                        await self._wakeup.wait()
        reason, error = self._stopping, self._error
        self.state, self._stopping, self._final, self._error = ActorState.RESTARTING, None, False, None
        return Exit(reason, error)

    async def _run_child(self, slot: Slot) -> None:
        def on_started() -> None:
            slot.up = slot.has_been_up = True
            self._wakeup.set()

        exit_ = await slot.node.run(on_started)
        self._ended.append((slot, exit_))
        self._wakeup.set()

    def _take_note(self) -> None:
        ended, self._ended = self._ended, []
        for slot, exit_ in ended:
            doom, slot.doom = slot.doom, None
            slot.running = slot.up = slot.told = False
            if self._stopping is not None:
                if self._final:
                    slot.node.close(self._stopping)
            elif doom is None:
                self._decide(slot, exit_)
            elif not slot.wanted:
                slot.node.close(doom)

    def _decide(self, slot: Slot, exit_: Exit) -> None:
        """A child ended by itself."""
        if exit_.crashed:
            self._failed += 1
            self._last_error = f"{slot.name}: {brief(exit_.error)}" if exit_.error else slot.name
        if slot.restart is Restart.TEMPORARY or (slot.restart is Restart.TRANSIENT and not exit_.crashed):
            slot.wanted = False
            slot.node.close(exit_.reason)
            return
        now = trio.current_time()
        delay = self._budget.spend(slot.name, now)
        if delay is None:
            logger.error("supervisor %s gives up: too many restarts, the last of %s", self.path, slot.name)
            self._error = exit_.error or RuntimeError(f"{slot.node.path} finished too often")
            self._stop(StopReason.CRASHED)
            return
        logger.warning("supervisor %s restarts %s in %.3f s", self.path, slot.name, delay)
        slot.not_before = now + delay
        for sibling in self._also(slot):
            sibling.not_before = max(sibling.not_before, slot.not_before)
            self._doom(sibling, StopReason.RESTARTING)

    def _also(self, slot: Slot) -> Sequence[Slot]:
        """The siblings that share the fate of this child."""
        match self._strategy:
            case Strategy.ONE_FOR_ONE:
                return ()
            case Strategy.REST_FOR_ONE:
                return self.slots[self.slots.index(slot) + 1 :]
            case Strategy.ONE_FOR_ALL:
                return [sibling for sibling in self.slots if sibling is not slot]

    def _doom(self, slot: Slot, reason: StopReason) -> None:
        if not slot.running:
            return
        slot.doom = reason
        if slot.restart is Restart.TEMPORARY:
            slot.wanted = False

    def _step(self, nursery: trio.Nursery) -> float:
        """Take the steps that are due. Returns when the next one is, on trio's clock."""
        in_order = self._strategy is not Strategy.ONE_FOR_ONE
        for slot in reversed(self.slots):
            if slot.doom is None:
                continue
            if not slot.told:
                slot.told = True
                slot.node.request_stop(slot.doom, final=self._final or not slot.wanted)
            if in_order or self._stopping is not None:
                return math.inf
        if self._stopping is not None:
            return math.inf
        now, wake_at = trio.current_time(), math.inf
        for slot in self.slots:
            if slot.up or not slot.wanted:
                continue
            if not slot.running:
                if slot.not_before <= now:
                    slot.running = True
                    nursery.start_soon(self._run_child, slot, name=slot.node.path)
                else:
                    wake_at = min(wake_at, slot.not_before)
            if in_order or not slot.has_been_up:
                break
        return wake_at

    # -- stopping --------------------------------------------------------------------------------------------

    def request_stop(self, reason: StopReason, *, final: bool) -> None:
        self._final = self._final or final
        self._stop(reason)
        if self._final:
            for slot in self.slots:
                if not slot.running:
                    slot.node.close(reason)

    def _stop(self, reason: StopReason) -> None:
        if self._stopping is None:
            self._stopping = reason
        self.state = ActorState.STOPPING
        for slot in self.slots:
            if slot.running and slot.doom is None:
                slot.doom = StopReason.SHUTDOWN
        self._wakeup.set()

    def close(self, reason: StopReason) -> None:
        self.state = ActorState.FAILED if reason is StopReason.CRASHED else ActorState.STOPPED
        for slot in reversed(self.slots):
            slot.node.close(StopReason.SHUTDOWN)

    # -- operating -------------------------------------------------------------------------------------------

    def restart_child(self, node: Node) -> None:
        """Start the child again, with whoever depends on it. It does not count as a crash."""
        slot = self._slot(node)
        slot.wanted, slot.not_before = True, -math.inf
        for sibling in (slot, *self._also(slot)):
            self._doom(sibling, StopReason.RESTARTING)
        slot.wanted = True
        self._wakeup.set()

    def stop_child(self, node: Node) -> None:
        """Stop the child and leave it stopped."""
        slot = self._slot(node)
        slot.wanted = False
        if slot.running:
            self._doom(slot, StopReason.REQUESTED)
        else:
            slot.node.close(StopReason.REQUESTED)
        self._wakeup.set()

    def _slot(self, node: Node) -> Slot:
        return next(slot for slot in self.slots if slot.node is node)

    # -- looking ---------------------------------------------------------------------------------------------

    def info(self) -> ActorInfo:
        up = self.state in (ActorState.STARTING, ActorState.RUNNING, ActorState.STOPPING)
        return ActorInfo(
            self.path,
            "supervisor",
            self.state,
            failed=self._failed,
            restarts=self._restarts,
            last_error=self._last_error,
            age=trio.current_time() - self._started_at if up and self._started_at is not None else None,
            children=len(self.slots),
        )

    def children(self) -> Iterable[Node]:
        return (slot.node for slot in self.slots)
