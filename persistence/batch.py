"""One batch of changes as SQL: the fences first, then one statement per table for the rows of all changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from actors import StaleSnapshot
from persistence.database import Connection
from persistence.statement import Change, Statement, Write, WriteConflict

_CREATE_SNAPSHOTS = """
    insert into actor_snapshots (kind, id, version, schema, data)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bytea[])
    on conflict do nothing
    returning kind, id
"""
_ADVANCE_SNAPSHOTS = """
    update actor_snapshots s set version = v.version, schema = v.schema, data = v.data, updated_at = now()
    from unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bytea[])
        as v (kind, id, version, schema, data)
    where s.kind = v.kind and s.id = v.id and s.version = v.version - 1
    returning s.kind, s.id
"""


class AlreadyCommitted(Exception):
    """The batch is there: an attempt whose answer was lost had committed it after all."""


async def write_batch(connection: Connection, batch_id: UUID, changes: Sequence[Change]) -> None:
    """Write everything, inside the caller's transaction.

    Raises:
        AlreadyCommitted: an earlier attempt at this batch was committed.
        StaleSnapshot, WriteConflict: some change does not fit; the caller finds out which by writing less.
        asyncpg.PostgresError: Postgres refuses.
    """
    try:
        # waits for an earlier attempt that is still being committed
        await connection.execute("insert into journal_batches (id) values ($1)", batch_id)
    except asyncpg.UniqueViolationError:
        raise AlreadyCommitted from None
    await _write_snapshots(connection, changes)
    rows: dict[Statement, list[Write]] = defaultdict(list)
    for change in changes:
        for write in change.writes:
            rows[write.statement].append(write)
    for statement in sorted(rows, key=lambda statement: (statement.rank, statement.name)):
        await _write_rows(connection, statement, rows[statement])


async def _write_snapshots(connection: Connection, changes: Sequence[Change]) -> None:
    _refuse_doubles(changes)
    for sql, first in ((_CREATE_SNAPSHOTS, True), (_ADVANCE_SNAPSHOTS, False)):
        snapshots = [
            change.snapshot
            for change in changes
            if change.snapshot is not None and (change.expected_version == 0) is first
        ]
        if not snapshots:
            continue
        columns = zip(*((s.kind, s.id, s.version, s.schema, s.data) for s in snapshots), strict=True)
        written = {(row["kind"], row["id"]) for row in await connection.fetch(sql, *map(list, columns))}
        for snapshot in snapshots:
            if (snapshot.kind, snapshot.id) not in written:
                raise StaleSnapshot(snapshot.kind, snapshot.id, snapshot.version - 1)


def _refuse_doubles(changes: Sequence[Change]) -> None:
    """Two snapshots of one actor never go together: one statement would write one of them and seem to write both."""
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if (snapshot := change.snapshot) is None:
            continue
        if (snapshot.kind, snapshot.id) in seen:
            raise StaleSnapshot(snapshot.kind, snapshot.id, snapshot.version - 1)
        seen.add((snapshot.kind, snapshot.id))


async def _write_rows(connection: Connection, statement: Statement, writes: Sequence[Write]) -> None:
    columns = zip(*(write.values for write in writes), strict=True)
    tag = await connection.execute(statement.sql, *map(list, columns))
    affected = int(tag.rpartition(" ")[2])
    if statement.exact and affected != len(writes):
        raise WriteConflict(f"{statement.name} affected {affected} rows instead of {len(writes)}")
