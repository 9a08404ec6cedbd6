"""What introspection tells about a node of the tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actors.lifecycle import ActorState

MAX_ERROR = 500
"""Longest ``last_error``, in characters."""


@dataclass(slots=True)
class ActorInfo:
    """One actor, region or supervisor at one moment. Times are in seconds.

    ``kind`` is the region's kind for its actors, else the class of the actor, or "region" or "supervisor".
    """

    path: str
    kind: str
    state: ActorState
    handled: int = 0
    """Messages handled without a crash, since the tree was made."""
    failed: int = 0
    """Crashes."""
    restarts: int = 0
    last_error: str | None = None
    mailbox_depth: int = 0
    """Messages waiting, asks that wait for room included."""
    mailbox_capacity: int = 0
    age: float | None = None
    """Since the last start; None when it is not up."""
    idle: float | None = None
    """Since the last message; None when it is handling one or not up."""
    handling: str | None = None
    """Type of the message being handled."""
    handling_for: float | None = None
    """How long it has been at it."""
    children: int = 0
    """Nodes directly below."""
    details: Mapping[str, object] = field(default_factory=dict)
    """What the actor's own ``describe()`` says; only `ActorSystem.info` fills it in."""


def brief(error: BaseException) -> str:
    """One line about an error."""
    return f"{type(error).__name__}: {error}"[:MAX_ERROR]
