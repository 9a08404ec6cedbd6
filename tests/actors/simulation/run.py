"""Carries out a plan under a seeded scheduler, and gives what there is to check."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random

import trio

from actors import (
    ActorInfo,
    ActorSpec,
    ActorSystem,
    DeadLetter,
    KindStats,
    RegionSpec,
    SupervisorSpec,
    SystemFailed,
    open_system,
)
from actors.testing import run_seeded
from tests.actors.simulation.performer import make, send
from tests.actors.simulation.plan import ActorPlan, Ending, Plan, RegionPlan, SupervisorPlan
from tests.actors.simulation.trace import Event, What
from tests.actors.simulation.world import Look, World

SILENCE = 100.0
"""Seconds without any event after which all has settled; longer than what a plan does without a trace."""

STUCK_AFTER = 4.0
"""Seconds that an actor may be at one message; fewer than usual, so that some are."""

LIMIT = 20_000.0
"""Seconds that no plan takes."""


@dataclass(slots=True)
class Outcome:
    """One schedule as it went."""

    plan: Plan
    trace: list[Event]
    quiet: list[ActorInfo] | None
    """The tree when everything had settled; None if the block ended before."""
    final: list[ActorInfo] = field(default_factory=list)
    dead_letters: tuple[DeadLetter, ...] = ()
    dead_letter_count: int = 0
    looks: list[Look] = field(default_factory=list)
    """When the block ended, and when everything had ended."""
    statistics: Mapping[str, KindStats] = field(default_factory=dict)
    timers: int = 0
    """How many are left in the end."""
    tasks: int = 0
    """How many are left in the end."""
    error: BaseException | None = None
    """What came out of the run."""

    @property
    def failed(self) -> bool:
        """Whether the root supervisor gave up."""
        return isinstance(self.error, SystemFailed)


class Left(Exception):
    """The error that a block ends with on purpose."""


def simulate(plan: Plan) -> Outcome:
    """Run it to its end."""
    world = World()
    outcome = Outcome(plan, world.trace, None)
    with listening(world):
        try:
            run_seeded(plan.seed, perform, plan, world, outcome)
        except Exception as error:  # noqa: BLE001 (the checks tell what it means)
            outcome.error = error
    outcome.looks = world.looks
    if plan.ending is Ending.CALM and len(world.looks) > 1:
        outcome.quiet = world.looks[0].tree
    return outcome


async def perform(plan: Plan, world: World, outcome: Outcome) -> None:
    with trio.fail_after(LIMIT):
        before = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as nursery:
            world_known, senders_through = trio.Event(), trio.Event()

            async def send_all() -> None:
                await world_known.wait()
                async with trio.open_nursery() as senders:
                    for number, deeds in enumerate(plan.senders, 1):
                        senders.start_soon(send, world, f"sender {number}", deeds)
                senders_through.set()

            def created(system: ActorSystem) -> None:
                world.system = system
                if plan.early:
                    world_known.set()

            nursery.start_soon(send_all)
            try:
                await run_block(plan, world, created, world_known, senders_through)
            except (SystemFailed, Left) as error:
                outcome.error = error
            world.note(What.CLOSED)
            await world.look()
            world_known.set()
        system = world.system
        outcome.final = system.tree()
        outcome.statistics = system.statistics.by_kind
        outcome.timers = len(system.timers)
        outcome.dead_letters = system.dead_letters.recent
        outcome.dead_letter_count = system.dead_letters.count
        outcome.tasks = trio.lowlevel.current_statistics().tasks_living - before


async def run_block(
    plan: Plan,
    world: World,
    created: Callable[[ActorSystem], None],
    world_known: trio.Event,
    senders_through: trio.Event,
) -> None:
    cancelled = plan.ending is Ending.CANCELLED
    with trio.CancelScope(deadline=plan.over_at if cancelled else math.inf):
        async with open_system(
            build(world, plan.root, "/"),
            random=Random(plan.seed),
            dead_letter_capacity=100_000,
            stuck_after=STUCK_AFTER,
            on_created=created,
        ):
            world.note(What.OPEN)
            world_known.set()
            try:
                match plan.ending:
                    case Ending.CALM:
                        await senders_through.wait()
                        await settle(world)
                        await world.look()
                    case Ending.CANCELLED:
                        await trio.sleep_forever()
                    case Ending.LEFT | Ending.RAISED:
                        await trio.sleep(plan.over_at)
                        await world.look()
                        if plan.ending is Ending.RAISED:
                            raise Left
            finally:
                world.note(What.LEAVING)


async def settle(world: World) -> None:
    """Wait until nothing happens any more."""
    events = -1
    while events != len(world.trace):
        events = len(world.trace)
        await trio.sleep(SILENCE)


def build(world: World, plan: SupervisorPlan, path: str) -> SupervisorSpec:
    """The tree as the runtime wants it declared."""
    children: list[ActorSpec | RegionSpec | SupervisorSpec] = []
    for child in plan.children:
        below = f"{path.rstrip('/')}/{child.name}"
        match child:
            case ActorPlan():
                factory = partial(make, world, below, child)
                children.append(ActorSpec(child.name, factory, child.restart, child.stop_timeout))
            case RegionPlan():
                children.append(build_region(world, child, below))
            case SupervisorPlan():
                children.append(build(world, child, below))
    return SupervisorSpec(plan.name, children, plan.strategy, plan.intensity)


def build_region(world: World, plan: RegionPlan, path: str) -> RegionSpec:
    return RegionSpec(
        plan.name,
        plan.name,
        lambda id_: make(world, f"{path}/{id_}", plan.actor),
        plan.idle_after,
        plan.capacity,
        plan.actor.restart,
        plan.intensity,
        plan.actor.stop_timeout,
    )


@contextmanager
def listening(world: World) -> Iterator[None]:
    """Nobody else is to hear of thousands of crashes."""
    logger = logging.getLogger("actors")
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate, logger.level = [world], False, logging.WARNING
    try:
        yield
    finally:
        logger.handlers, logger.propagate, logger.level = before
