"""One batch of changes as SQL: the fences, and one statement per table for the rows of all changes.

Nearly always all of it is one statement and so one transaction: a round trip to Postgres costs more than what is done
there. What cannot be, or was refused, is written statement by statement, which tells what is wrong with it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from uuid import UUID

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


def at_once(batch_id: UUID, changes: Sequence[Change]) -> tuple[str, list[object]] | None:
    """All of a batch as one statement with its parameters; None if it cannot be.

    It fails, and nothing is written, when any row is not as its statement demands. It writes the batch's id, too, but
    perhaps as the last: if the batch may be there already, it is not to be used.

    Raises:
        StaleSnapshot: two changes are of one actor.
    """
    columns, _ = _columns(changes)
    if not columns or not all(statement.together for statement in columns):
        return None
    sizes = [len(of_one[0]) if statement.exact else None for statement, of_one in columns.items()]
    parameters = [column for of_one in columns.values() for column in of_one]
    return _together(tuple(columns)), [batch_id, sizes, *parameters]


async def write_batch(connection: Connection, changes: Sequence[Change]) -> None:
    """Write everything statement by statement, inside the caller's transaction.

    Raises:
        StaleSnapshot, WriteConflict: some change does not fit; the caller finds out which by writing less.
        asyncpg.PostgresError: Postgres refuses.
    """
    columns, snapshots = _columns(changes)
    for statement, of_one in columns.items():
        tag = await connection.execute(statement.sql, *of_one)
        _check(statement, int(tag.rpartition(" ")[2]), len(of_one[0]), snapshots)


def _columns(
    changes: Sequence[Change],
) -> tuple[dict[Statement, Columns], dict[Statement, list[Snapshot]]]:
    """What each statement writes, in the order in which they are to be, and the snapshots of the fences."""
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
    for statement in sorted(rows, key=_place):
        columns[statement] = list(zip(*(write.values for write in rows[statement]), strict=True))
    return columns, snapshots


def _place(statement: Statement) -> tuple[int, str]:
    return statement.rank, statement.name


def _check(
    statement: Statement,
    affected: int,
    given: int,
    snapshots: Mapping[Statement, Sequence[Snapshot]],
) -> None:
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


@lru_cache(maxsize=256)
def _together(statements: tuple[Statement, ...]) -> str:
    """One statement that does what all of them do, after its own two parameters: the batch's id, and how many rows each
    must affect, null if that does not matter. It divides by zero when one affects another number.
    """
    parts: list[str] = []
    offset = 2
    for number, statement in enumerate(statements):
        parts.append(f"w{number} as ({_PARAMETER.sub(_moved_by(offset), statement.sql)} returning 1)")
        offset += statement.columns
    fits = " and ".join(
        f"coalesce((select count(*) from w{number}) = ($2::bigint[])[{number + 1}], true)"  # noqa: S608
        for number in range(len(parts))
    )
    return f"""
        with batch as (insert into journal_batches (id) values ($1)), {", ".join(parts)}
        select 1 / ({fits})::integer"""  # noqa: S608


def _moved_by(offset: int) -> Callable[[re.Match[str]], str]:
    return lambda parameter: f"${int(parameter[1]) + offset}"
