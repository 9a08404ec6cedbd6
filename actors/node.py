"""What supervisors see of everything they supervise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from actors.info import ActorInfo
from actors.lifecycle import Exit, StopReason


@dataclass(frozen=True, slots=True)
class Glance:
    """What a survey wants to know of an actor."""

    kind: str
    live: bool
    """Whether it is up, or about to be."""
    queued: int
    """Messages waiting."""
    busy_with: str
    """What it is at: a message's type, or "started()"."""
    busy_since: float | None
    """On trio's clock, in seconds; None while it waits for messages."""


class Node(ABC):
    """An actor, a region or a supervisor in the tree. It exists as long as the system; it *runs* from time to
    time."""

    __slots__ = ()

    path: str

    @abstractmethod
    async def run(self, on_started: Callable[[], None]) -> Exit:
        """Run once, from start to end; ``on_started`` is called when it is up. Never raises an
        `Exception`."""

    @abstractmethod
    def request_stop(self, reason: StopReason, *, final: bool) -> None:
        """Make a run end, within its deadline. ``final``: it takes no messages from now on."""

    @abstractmethod
    def close(self, reason: StopReason) -> None:
        """It will not run again: turn away what waits in its mailboxes and tell the watchers. May be
        repeated."""

    @abstractmethod
    def info(self) -> ActorInfo:
        """What introspection shows."""

    @abstractmethod
    def children(self) -> Iterable[Node]:
        """The nodes below."""

    def glance(self) -> Glance | None:
        """How an actor is doing; None for what is no actor itself."""
        return None
