"""On whose behalf code runs: for logs, without costing an actor anything while nobody asks."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import trio

from actors.cell import Cell
from actors.message import Message
from actors.ref import running_cell

MAX_ID = 64
"""Longest id that is told, in characters."""


@dataclass(frozen=True, slots=True)
class CurrentActor:
    """An actor, and what it is at, without the contents of any message."""

    path: str
    message: str | None = None
    """Type of the message being handled; None outside of ``receive`` and in child tasks."""
    message_id: str | None = None
    """The message's own ``message_id`` or ``id``, if it has one that is a UUID, an integer or a text. Else a
    number that no other message has which this activation of the actor handles."""


def current_actor() -> CurrentActor | None:
    """The actor that the current task belongs to: its own task, or one that it has started. None elsewhere.

    May be called from anywhere, also from threads and without a running trio.
    """
    cell = running_cell.get()
    if cell is None:
        return None
    message = cell._handling
    if message is None or not _is_its_own_task(cell):
        return CurrentActor(cell.path)
    return CurrentActor(cell.path, type(message).__name__, _message_id(cell, message))


def _is_its_own_task(cell: Cell) -> bool:
    try:
        return trio.lowlevel.current_task() is cell.task
    except RuntimeError:  # in a thread that the actor has started
        return False


def _message_id(cell: Cell, message: Message[object]) -> str:
    for name in ("message_id", "id"):
        given = getattr(message, name, None)
        if isinstance(given, UUID | int | str):
            return str(given)[:MAX_ID]
    # Every message ends by being handled, or with this start of the actor.
    return str(cell.handled + cell.restarts + 1)
