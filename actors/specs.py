"""What a tree is made of, declared before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from actors.actor import Actor


class Restart(Enum):
    """When an actor that ended by itself is started again."""

    PERMANENT = "permanent"
    """Always, also when it finished."""
    TRANSIENT = "transient"
    """After a crash."""
    TEMPORARY = "temporary"
    """Never. Its crash leaves its siblings alone; when a sibling's crash takes it down it stays down, too."""


class Strategy(Enum):
    """Whom a supervisor restarts when one child has to be restarted."""

    ONE_FOR_ONE = "one_for_one"
    """That child alone."""
    REST_FOR_ONE = "rest_for_one"
    """That child and those declared after it, which may depend on it."""
    ONE_FOR_ALL = "one_for_all"
    """All children."""


@dataclass(frozen=True, slots=True)
class Intensity:
    """How much crashing is tolerated, and how long to wait between restarts.

    The n-th restart of a child within the window waits ``backoff_initial * 2**(n-1)`` seconds, at most
    ``backoff_max``, shortened by a random part of at most ``jitter`` (0 to 1). One restart more than
    ``max_restarts`` ``within`` seconds is a failure of the supervisor, which escalates to its own.
    """

    max_restarts: int = 5
    within: float = 30.0
    backoff_initial: float = 0.1
    backoff_max: float = 10.0
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if self.max_restarts < 0 or self.within <= 0:
            raise ValueError("max_restarts must not be negative, within must be positive")
        if not 0 <= self.backoff_initial <= self.backoff_max or not 0 <= self.jitter <= 1:
            raise ValueError("0 <= backoff_initial <= backoff_max and 0 <= jitter <= 1 are required")


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """One actor: ``factory`` makes a fresh one for every start. ``stop_timeout`` is in seconds."""

    name: str
    factory: Callable[[], Actor[Any]]
    restart: Restart = Restart.PERMANENT
    stop_timeout: float = 5.0

    def __post_init__(self) -> None:
        check_name(self.name)


@dataclass(frozen=True, slots=True)
class RegionSpec:
    """A dynamic supervisor: actors of one kind, each started by the first message to its id.

    ``idle_after``: seconds without a message, child task or timer until an actor is passivated; None: never.
    ``capacity``: how many may live at a time. Restarts are counted for each actor apart (``intensity``): one
    that crashes too often fails alone, refuses messages for ``backoff_max`` seconds, and then is activated
    again by the next one. ``TEMPORARY`` actors fall with their first crash and are activated again by the
    next message; between ``PERMANENT`` and ``TRANSIENT`` there is no difference here, as an actor that stops
    itself is started again only for a message.
    """

    name: str
    kind: str
    factory: Callable[[str], Actor[Any]]
    idle_after: float | None = None
    capacity: int = 100_000
    restart: Restart = Restart.PERMANENT
    intensity: Intensity = field(default_factory=Intensity)
    stop_timeout: float = 5.0

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.capacity < 1 or (self.idle_after is not None and self.idle_after <= 0):
            raise ValueError("capacity and idle_after must be positive")


@dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """Children that start in this order, each when the one before is up, and stop in the reverse order."""

    name: str
    children: Sequence[ActorSpec | SupervisorSpec | RegionSpec]
    strategy: Strategy = Strategy.ONE_FOR_ONE
    intensity: Intensity = field(default_factory=Intensity)

    def __post_init__(self) -> None:
        check_name(self.name)
        names = [child.name for child in self.children]
        if len(set(names)) != len(names):
            raise ValueError(f"children of {self.name!r} share a name: {names}")


MAX_NAME = 200
"""Longest name or id, in characters: both end up in paths, logs and metrics."""


def check_name(name: str) -> None:
    """Raise ValueError unless the name (or id) can be one segment of a path."""
    if not name or len(name) > MAX_NAME or "/" in name:
        raise ValueError(f"a name has 1 to {MAX_NAME} characters and no slash, not {name!r:.40}")
