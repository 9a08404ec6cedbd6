"""What happened, in the order in which it happened."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class What(StrEnum):
    """Kinds of events; the values are what the readable trace says."""

    OPEN = "the tree is up"
    LEAVING = "the block ends"
    CLOSED = "everything has ended"
    # lives of actors
    NOT_MADE = "factory fails"
    MADE = "made"
    UP = "started"
    STOPPING = "stopping"
    BROKEN = "crashes"
    ENDED = "ended"
    CHILD_ENDED = "child task ended"
    FINISH = "wants to stop"
    CRASHED = "has crashed, says the log, with"
    # messages
    SENT = "is told"
    ASKED = "is asked"
    TURNED_AWAY = "turns away"
    FULL = "has no room for"
    DROPPED = "drops"
    ANSWERED = "answered"
    FAILED = "did not answer"
    GAVE_UP = "is no longer asked"
    TIMER = "sets a timer for"
    NO_TIMER = "cancels the timer for"
    TAKEN = "takes"
    HANDLED = "has handled"
    REFUSED = "refuses"
    CUT = "is cancelled in"
    # watching and links
    WATCHES = "watches"
    TOLD = "hears of the end of"
    LINKED = "is linked to"
    NOT_LINKED = "cannot be linked to"
    # operating
    STOP = "is to stop"
    RESTART = "is to restart"
    # what the log of the runtime says
    DECIDED = "restarts"
    OVERSPENT = "gives up because of"


class Event(NamedTuple):
    """``path``: of whom. ``life`` is the start of an actor, counted over all, ``job`` the number of a message; 0:
    none."""

    at: float
    what: What
    path: str = ""
    life: int = 0
    job: int = 0
    about: str = ""
    """Sender, reason, path or error, as the kind has it."""
    run: int = 0
    """How often the supervisor or region (of this actor) had been restarted by then."""
    value: float = 0.0
    """Seconds: delay of a restart, due time of a timer."""

    def __str__(self) -> str:
        who = self.path + (f"#{self.life}" if self.life else "")
        parts = [f"{self.at:8.3f}", who, self.what.value]
        if self.job:
            parts.append(f"message {self.job}")
        if self.about:
            parts.append(f"({self.about})")
        if self.value:
            parts.append(f"{self.value:.3f}")
        return "  ".join(parts)
