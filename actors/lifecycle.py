"""The states of an actor and the ways in which it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorState(StrEnum):
    """Where an actor is in its life, as introspection shows it."""

    NEW = "new"
    """Declared, never started."""
    STARTING = "starting"
    """Being constructed, or in ``started()``."""
    RUNNING = "running"
    STOPPING = "stopping"
    """Asked to stop, or in ``stopped()``."""
    RESTARTING = "restarting"
    """Down, its mailbox kept: it comes back after a delay or when its elder siblings are up."""
    STOPPED = "stopped"
    """Ended for good, as far as its supervisor is concerned."""
    FAILED = "failed"
    """Crashed and given up."""


class StopReason(StrEnum):
    """Why an actor ended."""

    FINISHED = "finished"
    """It called ``context.stop()``."""
    REQUESTED = "requested"
    """``system.stop(path)``: somebody from outside wanted it."""
    PASSIVATED = "passivated"
    """It was idle; the next message activates it again."""
    RESTARTING = "restarting"
    """In an orderly way, to start again: a sibling crashed, or ``system.restart(path)``."""
    SHUTDOWN = "shutdown"
    """Its supervisor ends."""
    CRASHED = "crashed"
    """It crashed and is not restarted. Only watchers see this: ``stopped()`` is not called after a crash."""
    NOT_RUNNING = "not running"
    """There was nothing alive to watch."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How one run of a node of the tree ended. ``error`` may also be set when it was told to stop."""

    reason: StopReason
    error: BaseException | None = None

    @property
    def crashed(self) -> bool:
        """Whether it ended by itself and in error, so that its restart policy decides what comes next."""
        return self.reason is StopReason.CRASHED
