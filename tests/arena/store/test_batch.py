"""How Postgres finds the rows that the journal changes."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module

import pytest

import arena.store
from persistence import Database, Statement


def on_the_way_of_a_message() -> list[Statement]:
    """All updates that a batch of messages may hold, of every module."""
    modules = [
        import_module(f"arena.store.{found.name}") for found in pkgutil.iter_modules(arena.store.__path__)
    ]
    statements = {
        value.name: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Statement) and value.together and value.sql.lstrip().startswith("update")
    }
    assert len(statements) >= 5
    return [statements[name] for name in sorted(statements)]


@pytest.mark.parametrize("statement", on_the_way_of_a_message(), ids=lambda statement: statement.name)
async def test_rows_are_found_by_their_keys_however_little_the_planner_knows(
    database: Database, statement: Statement
) -> None:
    """No table was ever analysed, and all are empty: the planner thinks that anything is quick to read as a whole."""

    async def plan(connection) -> list[str]:
        await connection.execute(f"prepare probe as {statement.sql}")
        nothing = ", ".join(["null"] * statement.columns)
        found = await connection.fetch(f"explain (costs off) execute probe ({nothing})")
        await connection.execute("deallocate probe")
        return [row[0].strip() for row in found]

    lines = await database.writing.run(plan)
    assert not [line for line in lines if "Seq Scan" in line or "Bitmap" in line]
    scans = [number for number, line in enumerate(lines) if re.search(r"Index (Only )?Scan", line)]
    assert scans
    for number in scans:
        assert re.match(r"Index Cond: .*v\.", lines[number + 1]), lines
