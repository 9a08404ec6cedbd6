"""What one schedule consists of: a tree, and who does what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from actors import Intensity, Message, Overflow, Restart, Strategy


@dataclass(frozen=True, slots=True)
class Job(Message[int]):
    """A message: things to do for the actor that gets it. Answered by its number, which it gets when sent."""

    deeds: tuple[Deed, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Let others run, so many times."""

    checkpoints: int


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Crash:
    pass


@dataclass(frozen=True, slots=True)
class Refuse:
    pass


@dataclass(frozen=True, slots=True)
class Finish:
    """``context.stop()``"""


@dataclass(frozen=True, slots=True)
class Tell:
    target: str
    job: Job


@dataclass(frozen=True, slots=True)
class Ask:
    """``limit``: seconds until the asker is cancelled. ``fatal``: whether what it raises is passed on."""

    target: str
    job: Job
    limit: float | None = None
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A child task, which may end in an error."""

    seconds: float
    crash: bool


@dataclass(frozen=True, slots=True)
class Later:
    """A timer; ``cancelled``: at once."""

    seconds: float
    job: Job
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Watch:
    target: str


@dataclass(frozen=True, slots=True)
class Link:
    target: str


@dataclass(frozen=True, slots=True)
class Operate:
    """``system.restart(target)`` or ``system.stop(target)``."""

    restart: bool
    target: str


Deed: TypeAlias = (
    Pause | Sleep | Crash | Refuse | Finish | Tell | Ask | Child | Later | Watch | Link | Operate
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Start:
    """What happens in ``started()``. ``factory_fails``: it does not even get there."""

    deeds: tuple[Deed, ...] = ()
    factory_fails: bool = False


@dataclass(frozen=True, slots=True)
class ActorPlan:
    """An actor of a supervisor, or every actor of a region. Starts beyond those planned do nothing special."""

    name: str
    restart: Restart
    capacity: int
    overflow: Overflow
    stop_timeout: float
    starts: tuple[Start, ...]
    stop: tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """``name`` is also the kind."""

    name: str
    actor: ActorPlan
    ids: tuple[str, ...]
    idle_after: float | None
    capacity: int
    intensity: Intensity


@dataclass(frozen=True, slots=True)
class SupervisorPlan:
    name: str
    children: tuple[ActorPlan | RegionPlan | SupervisorPlan, ...]
    strategy: Strategy
    intensity: Intensity


class Ending(Enum):
    """How the block of `open_system` ends."""

    CALM = "after all senders are through and everything has settled"
    LEFT = "at some time"
    CANCELLED = "by cancellation"
    RAISED = "by an error"


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    root: SupervisorPlan
    senders: tuple[tuple[Deed, ...], ...]
    ending: Ending
    over_at: float
    """When the block ends, unless it ends calmly."""
    early: bool
    """Whether the senders begin before the tree is up."""


def nodes(
    plan: SupervisorPlan | RegionPlan | ActorPlan, path: str = "/"
) -> Iterator[tuple[str, SupervisorPlan | RegionPlan | ActorPlan]]:
    """Every node with its path, parents first."""
    yield path, plan
    match plan:
        case SupervisorPlan():
            for child in plan.children:
                yield from nodes(child, f"{path.rstrip('/')}/{child.name}")
        case RegionPlan():
            for id_ in plan.ids:
                yield f"{path}/{id_}", plan.actor
