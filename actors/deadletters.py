"""Where messages end up that nobody handled."""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from actors.message import Message

MAX_TRACEBACK = 16_384
"""Longest traceback that is kept, in characters; the end matters most and is what stays."""


class Undelivered(StrEnum):
    """Why a message became a dead letter."""

    CRASHED = "crashed"
    """Its handling ended in a crash of the actor."""
    STOPPED = "stopped"
    """It was queued when the actor ended, or its handling was cancelled by the actor's end."""
    OVERFLOW = "overflow"
    """The mailbox was full, and its policy is to drop."""
    REFUSED = "refused"
    """It was told, not asked, and the actor raised one of its refusals: nobody was there to hear it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One lost message. ``at`` is on trio's clock, in seconds; ``error`` is a formatted traceback."""

    path: str
    message: Message[Any]
    reason: Undelivered
    error: str | None
    at: float


class DeadLetters:
    """Counts all and remembers the newest, with their contents: nothing for the eyes of strangers."""

    def __init__(self, capacity: int = 1000) -> None:
        self._recent: deque[DeadLetter] = deque(maxlen=capacity)
        self._counts: Counter[Undelivered] = Counter()

    @property
    def count(self) -> int:
        """How many there have been, including those no longer remembered."""
        return self._counts.total()

    @property
    def counts(self) -> Mapping[Undelivered, int]:
        """How many there have been, by reason."""
        return dict(self._counts)

    @property
    def recent(self) -> tuple[DeadLetter, ...]:
        """The remembered ones, oldest first."""
        return tuple(self._recent)

    def add(
        self,
        path: str,
        message: Message[Any],
        reason: Undelivered,
        at: float,
        error: BaseException | None = None,
    ) -> None:
        """Take note of a lost message; called by the runtime."""
        self._counts[reason] += 1
        text = (
            None if error is None else "".join(traceback.format_exception(error, limit=50))[-MAX_TRACEBACK:]
        )
        self._recent.append(DeadLetter(path, message, reason, text, at))
