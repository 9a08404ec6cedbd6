"""The snapshot store of `actors`, in Postgres."""

from __future__ import annotations

from actors import Snapshot
from persistence.database import Database
from persistence.journal import Journal
from persistence.statement import Change


class PostgresSnapshotStore:
    """Reads from the table, writes through the journal. An `actors.SnapshotStore`."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    async def load(self, kind: str, id: str) -> Snapshot | None:  # noqa: A002 (the protocol's name)
        """The snapshot, or None."""
        row = await self._database.fetch_one(
            "select kind, id, schema, version, data from actor_snapshots where kind = $1 and id = $2",
            kind,
            id,
        )
        return None if row is None else Snapshot(**dict(row))

    async def save(self, snapshot: Snapshot, expected_version: int) -> None:
        """Write it, where the stored version is the expected one. Raises `StaleSnapshot`."""
        await self._journal.commit(Change(snapshot=snapshot, expected_version=expected_version))
