"""One batch of changes as SQL: the fences, and one statement per table for the rows of all changes.

Mostly all of it is put together into one statement: a round trip to Postgres costs more than what is done there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from actors import Snapshot, StaleSnapshot
from persistence.database import Connection
from persistence.statement import Change, Statement, Write, WriteConflict

_CREATE_SNAPSHOTS = Statement(
    name="snapshots.create",
    sql="""
        insert into actor_snapshots (kind, id, version, schema, data)
        select * from unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bytea[])
        on conflict do nothing""",
    columns=5,
    rank=0,
    together=True,
)
_ADVANCE_SNAPSHOTS = Statement(
    name="snapshots.advance",
    sql="""
        update actor_snapshots s set version = v.version, schema = v.schema, data = v.data, updated_at = now()
        from unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::bytea[])
            as v (kind, id, version, schema, data)
        where s.kind = v.kind and s.id = v.id and s.version = v.version - 1""",
    columns=5,
    rank=0,
    together=True,
)
_PARAMETER = re.compile(r"\$(\d+)")
_FENCES = (_CREATE_SNAPSHOTS, _ADVANCE_SNAPSHOTS)

Columns = Sequence[Sequence[object]]


async def write_batch(connection: Connection, changes: Sequence[Change]) -> None:
    """Write everything, inside the caller's transaction.

    Raises:
        StaleSnapshot, WriteConflict: some change does not fit; the caller finds out which by writing less.
        asyncpg.PostgresError: Postgres refuses.
    """
    snapshots = _snapshots(changes)
    rows: dict[Statement, list[Write]] = defaultdict(list)
    for change in changes:
        for write in change.writes:
            rows[write.statement].append(write)
    columns: dict[Statement, Columns] = {
        fence: list(zip(*((s.kind, s.id, s.version, s.schema, s.data) for s in given), strict=True))
        for fence, given in snapshots.items()
        if given
    }
    for statement in sorted(rows, key=lambda statement: (statement.rank, statement.name)):
        columns[statement] = list(zip(*(write.values for write in rows[statement]), strict=True))
    if all(statement.together for statement in columns):
        affected = await _write_together(connection, columns)
        for statement, count in affected.items():
            _check(statement, count, columns, snapshots)
        return
    for statement in columns:
        tag = await connection.execute(statement.sql, *columns[statement])
        _check(statement, int(tag.rpartition(" ")[2]), columns, snapshots)


def _check(
    statement: Statement,
    affected: int,
    columns: Mapping[Statement, Columns],
    snapshots: Mapping[Statement, Sequence[Snapshot]],
) -> None:
    given = len(columns[statement][0])
    if affected == given or not statement.exact:
        return
    if statement in _FENCES:
        # which of several it is, is found out by writing less
        stale = snapshots[statement][0]
        raise StaleSnapshot(stale.kind, stale.id, stale.version - 1)
    raise WriteConflict(f"{statement.name} affected {affected} rows instead of {given}")


def _snapshots(changes: Sequence[Change]) -> dict[Statement, list[Snapshot]]:
    """All snapshots, by the statement that writes them.

    Two snapshots of one actor never go together: one statement would write one of them and seem to write both.
    """
    by_fence: dict[Statement, list[Snapshot]] = {fence: [] for fence in _FENCES}
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if (snapshot := change.snapshot) is None:
            continue
        if (snapshot.kind, snapshot.id) in seen:
            raise StaleSnapshot(snapshot.kind, snapshot.id, snapshot.version - 1)
        seen.add((snapshot.kind, snapshot.id))
        by_fence[_ADVANCE_SNAPSHOTS if change.expected_version else _CREATE_SNAPSHOTS].append(snapshot)
    return by_fence


async def _write_together(
    connection: Connection, columns: Mapping[Statement, Columns]
) -> dict[Statement, int]:
    """How many rows each statement affected."""
    if not columns:
        return {}
    statements = tuple(columns)
    counts = await connection.fetchrow(
        _together(statements), *(column for of_one in columns.values() for column in of_one)
    )
    assert counts is not None, "it counts"
    return dict(zip(statements, counts, strict=True))


@lru_cache(maxsize=256)
def _together(statements: tuple[Statement, ...]) -> str:
    """One statement that does what all of them do, and tells how many rows each affected."""
    parts: list[str] = []
    offset = 0
    for number, statement in enumerate(statements):
        parts.append(f"w{number} as ({_PARAMETER.sub(_moved_by(offset), statement.sql)} returning 1)")
        offset += statement.columns
    counts = ", ".join(f"(select count(*) from w{number})" for number in range(len(parts)))  # noqa: S608
    return f"with {', '.join(parts)} select {counts}"


def _moved_by(offset: int) -> Callable[[re.Match[str]], str]:
    return lambda parameter: f"${int(parameter[1]) + offset}"
