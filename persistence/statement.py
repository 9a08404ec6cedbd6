"""What an actor hands to the journal: rows to write, and its snapshot."""

from __future__ import annotations

import re
from dataclasses import dataclass

from actors import Snapshot

MAX_SNAPSHOT_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL text that writes many rows at once.

    Every parameter is an array with one element per row: ``insert into t select … from unnest($1::uuid[], …)``.

    Attributes:
        columns: how many parameters there are.
        rank: where it comes inside a batch: parents before children, inserts before updates.
        exact: it must affect exactly as many rows as it is given; otherwise the change fails with `WriteConflict`.
        together: in one batch it touches no row that another such statement touches, and needs none of what they do but
            as a parent. So a batch that has no others is one statement for Postgres.
    """

    name: str
    sql: str
    columns: int
    rank: int
    exact: bool = True
    together: bool = False

    def __post_init__(self) -> None:
        if set(map(int, re.findall(r"\$(\d+)", self.sql))) != set(range(1, self.columns + 1)):
            raise ValueError(f"{self.name} does not use exactly the parameters $1 to ${self.columns}")

    def row(self, *values: object) -> Write:
        """One row for this statement."""
        return Write(self, values)


@dataclass(frozen=True, slots=True)
class Write:
    """One row, and the statement that writes it."""

    statement: Statement
    values: tuple[object, ...]

    def __post_init__(self) -> None:
        if len(self.values) != self.statement.columns:
            raise ValueError(
                f"{self.statement.name} takes {self.statement.columns} values, not {len(self.values)}"
            )


@dataclass(frozen=True, slots=True)
class Change:
    """What belongs together: all of it is committed, or nothing.

    `snapshot` is written first, where the stored version is `expected_version` (0: there is none yet). So a stale
    activation of an actor loses with everything it wanted to write.
    """

    writes: tuple[Write, ...] = ()
    snapshot: Snapshot | None = None
    expected_version: int = 0

    def __post_init__(self) -> None:
        snapshot = self.snapshot
        if snapshot is None:
            return
        if snapshot.version != self.expected_version + 1:
            raise ValueError("a snapshot's version is one more than the expected one")
        if len(snapshot.data) > MAX_SNAPSHOT_BYTES:
            raise ValueError(f"a snapshot has at most {MAX_SNAPSHOT_BYTES} bytes, not {len(snapshot.data)}")


class WriteConflict(Exception):
    """A statement did not affect as many rows as it was given: the state is not what the writer thinks."""


class ChangeRejected(Exception):
    """Postgres refused the rows of this change; the cause is the error of Postgres."""
