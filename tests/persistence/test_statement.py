"""What may be handed to the journal."""

from __future__ import annotations

import pytest

from actors import Snapshot
from persistence import Change, Statement
from persistence.statement import MAX_SNAPSHOT_BYTES

INSERT = Statement("things.insert", "insert into things select * from unnest($1, $2)", columns=2, rank=10)


def snapshot(version: int, data: bytes = b"{}") -> Snapshot:
    return Snapshot(kind="bots", id="b", schema=1, version=version, data=data)


def test_a_snapshot_has_a_size_limit_and_the_next_version() -> None:
    Change(snapshot=snapshot(1, bytes(MAX_SNAPSHOT_BYTES)))
    with pytest.raises(ValueError, match="bytes"):
        Change(snapshot=snapshot(1, bytes(MAX_SNAPSHOT_BYTES + 1)))
    with pytest.raises(ValueError, match="version"):
        Change(snapshot=snapshot(3), expected_version=1)


def test_a_row_has_as_many_values_as_its_statement_takes() -> None:
    with pytest.raises(ValueError, match="takes 2 values"):
        INSERT.row(1)
