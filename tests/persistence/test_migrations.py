"""Migrations: in order, each once, each whole, and never on a database that does not fit."""

from pathlib import Path

import pytest
import trio

from persistence import Database, MigrationError, migrate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files, of which the third needs the first two."""
    (tmp_path / "0001_shelves.sql").write_text("create table shelves (id integer primary key)")
    (tmp_path / "0002_books.sql").write_text(
        "create table books (id integer primary key, shelf integer references shelves);"
        "create index on books (shelf)"
    )
    (tmp_path / "0010_first.sql").write_text(
        "insert into shelves values (1); insert into books values (1, 1)"
    )
    (tmp_path / "README.md").write_text("not a migration")
    return tmp_path


async def test_files_are_applied_in_their_order_and_named(database: Database, folder: Path) -> None:
    assert await migrate(database, ("library", folder)) == [
        "library/0001_shelves.sql",
        "library/0002_books.sql",
        "library/0010_first.sql",
    ]
    assert await database.fetch_value("select count(*) from books") == 1


async def test_the_second_time_there_is_nothing_to_do(database: Database, folder: Path) -> None:
    await migrate(database, ("library", folder))
    assert await migrate(database, ("library", folder)) == []


async def test_a_new_file_is_applied_alone(database: Database, folder: Path) -> None:
    await migrate(database, ("library", folder))
    (folder / "0011_more.sql").write_text("insert into shelves values (2)")
    assert await migrate(database, ("library", folder)) == ["library/0011_more.sql"]


async def test_sets_do_not_know_of_one_another(database: Database, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "0001_shelves.sql").write_text("create table benches (id integer)")
    applied = await migrate(database, ("library", folder), ("park", other))
    assert applied[-1] == "park/0001_shelves.sql"
    assert await migrate(database, ("park", other), ("library", folder)) == []


async def test_a_file_that_fails_leaves_nothing_of_itself_and_all_before_it(
    database: Database, folder: Path
) -> None:
    (folder / "0003_half.sql").write_text("insert into shelves values (7); select nothing")
    with pytest.raises(MigrationError, match=r"library/0003_half\.sql fails: .*nothing"):
        await migrate(database, ("library", folder))
    assert await database.fetch_value("select count(*) from shelves") == 0
    (folder / "0003_half.sql").write_text("insert into shelves values (7)")
    assert await migrate(database, ("library", folder)) == ["library/0003_half.sql", "library/0010_first.sql"]


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    database: Database, folder: Path
) -> None:
    await migrate(database, ("library", folder))
    (folder / "0001_shelves.sql").write_text("create table shelves (id bigint primary key)")
    with pytest.raises(MigrationError, match=r"0001_shelves\.sql was changed"):
        await migrate(database, ("library", folder))


async def test_a_database_that_is_ahead_of_the_code_is_refused(database: Database, folder: Path) -> None:
    await migrate(database, ("library", folder))
    (folder / "0010_first.sql").unlink()
    with pytest.raises(MigrationError, match=r"ahead of this version: it has library/0010_first\.sql"):
        await migrate(database, ("library", folder))


async def test_starters_that_race_apply_each_file_once_between_them(database: Database, folder: Path) -> None:
    applied: list[str] = []

    async def start() -> None:
        applied.extend(await migrate(database, ("library", folder)))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(start)
    assert sorted(applied) == ["library/0001_shelves.sql", "library/0002_books.sql", "library/0010_first.sql"]
