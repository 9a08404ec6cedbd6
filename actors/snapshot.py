"""Snapshots of an actor's state, fenced by a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from actors.errors import StaleSnapshot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one virtual actor. ``schema`` says how to read ``data``; ``version`` grows by one a
    save."""

    kind: str
    id: str
    schema: int
    version: int
    data: bytes


class SnapshotStore(Protocol):
    """Keeps the newest snapshot of each ``(kind, id)``."""

    async def load(self, kind: str, id: str) -> Snapshot | None:  # noqa: A002
        """The newest snapshot, or None."""
        ...

    async def save(self, snapshot: Snapshot, expected_version: int) -> None:
        """Replace the snapshot that is at ``expected_version`` (0: there is none yet).

        Raises `StaleSnapshot` when the stored version is another one: the writer is not the only one, and has
        lost.
        """
        ...


class InMemorySnapshotStore(SnapshotStore):
    """For tests and for state that may be lost with the process. Never waits, so it is deterministic."""

    def __init__(self) -> None:
        self._snapshots: dict[tuple[str, str], Snapshot] = {}

    async def load(self, kind: str, id: str) -> Snapshot | None:  # noqa: A002
        return self._snapshots.get((kind, id))

    async def save(self, snapshot: Snapshot, expected_version: int) -> None:
        key = (snapshot.kind, snapshot.id)
        stored = self._snapshots.get(key)
        if (stored.version if stored else 0) != expected_version:
            raise StaleSnapshot(snapshot.kind, snapshot.id, expected_version)
        self._snapshots[key] = snapshot
