"""The journal: what it acknowledged is there, once, and whoever does not fit loses alone."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
import trio.testing

from actors import Snapshot, StaleSnapshot
from persistence import (
    Change,
    ChangeRejected,
    Database,
    Journal,
    JournalClosed,
    PostgresSnapshotStore,
    Statement,
    WriteConflict,
)

INSERT = Statement(
    "things.insert",
    "insert into things (id, name) select * from unnest($1::integer[], $2::text[])",
    columns=2,
    rank=10,
)
RENAME = Statement(
    "things.rename",
    "update things t set name = v.name from unnest($1::integer[], $2::text[]) as v (id, name) where t.id = v.id",
    columns=2,
    rank=20,
)
TOUCH = Statement(
    "things.touch",
    "update things t set name = t.name from unnest($1::integer[]) as v (id) where t.id = v.id",
    columns=1,
    rank=30,
    exact=False,
)


@pytest.fixture
async def database(database: Database) -> Database:
    """With a table to write to."""
    await database.execute("create table things (id integer primary key, name text not null)")
    return database


async def names(database: Database) -> dict[int, str]:
    return {row["id"]: row["name"] for row in await database.fetch("select id, name from things")}


def snapshot(id: str, version: int, data: bytes = b"{}") -> Snapshot:  # noqa: A002
    return Snapshot(kind="bots", id=id, schema=1, version=version, data=data)


async def test_a_change_is_there_when_its_commit_returns(database: Database, journal: Journal) -> None:
    await journal.commit(Change((INSERT.row(1, "one"),)))
    assert await names(database) == {1: "one"}


async def test_changes_that_wait_together_are_committed_together(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database)
    async with trio.open_nursery() as committers:
        for number in range(200):
            committers.start_soon(journal.commit, Change((INSERT.row(number, "x"),)))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
    assert len(await names(database)) == 200
    assert journal.stats.batches == 1
    assert journal.stats.changes == 200


async def test_a_batch_has_a_limit(database: Database, nursery: trio.Nursery) -> None:
    journal = Journal(database, max_batch=64)
    async with trio.open_nursery() as committers:
        for number in range(200):
            committers.start_soon(journal.commit, Change((INSERT.row(number, "x"),)))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
    assert journal.stats.batches == 4


async def test_a_row_that_postgres_refuses_fails_alone(database: Database, nursery: trio.Nursery) -> None:
    journal = Journal(database)
    outcomes: Counter[str] = Counter()

    async def commit(number: int, name: str | None) -> None:
        try:
            await journal.commit(Change((INSERT.row(number, name),)))
            outcomes["committed"] += 1
        except ChangeRejected:
            outcomes["rejected"] += 1
            assert name is None

    async with trio.open_nursery() as committers:
        for number in range(50):
            committers.start_soon(commit, number, None if number in (7, 33) else "x")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
    assert outcomes == {"committed": 48, "rejected": 2}
    assert set(await names(database)) == set(range(50)) - {7, 33}


async def test_a_value_of_the_wrong_type_is_rejected(journal: Journal) -> None:
    with pytest.raises(ChangeRejected):
        await journal.commit(Change((INSERT.row("one", "x"),)))


async def test_a_change_is_committed_whole_or_not_at_all(database: Database, journal: Journal) -> None:
    with pytest.raises(ChangeRejected):
        await journal.commit(Change((INSERT.row(1, "one"), INSERT.row(2, None))))
    assert await names(database) == {}


async def test_a_statement_must_affect_as_many_rows_as_it_was_given(
    database: Database, journal: Journal
) -> None:
    await journal.commit(Change((INSERT.row(1, "one"),)))
    with pytest.raises(WriteConflict):
        await journal.commit(Change((RENAME.row(1, "uno"), RENAME.row(2, "due"))))
    assert await names(database) == {1: "one"}
    await journal.commit(Change((TOUCH.row(2),)))


async def test_statements_run_in_the_order_of_their_ranks(database: Database, journal: Journal) -> None:
    await journal.commit(Change((RENAME.row(1, "uno"), INSERT.row(1, "one"))))
    assert await names(database) == {1: "uno"}


async def test_a_stale_activation_loses_alone_with_all_its_rows(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database)
    store = PostgresSnapshotStore(database, journal)
    results: dict[str, str] = {}

    async def commit(who: str, change: Change) -> None:
        try:
            await journal.commit(change)
            results[who] = "committed"
        except StaleSnapshot:
            results[who] = "stale"

    async with trio.open_nursery() as committers:
        committers.start_soon(commit, "first", Change((INSERT.row(1, "first"),), snapshot("b", 1), 0))
        await trio.testing.wait_all_tasks_blocked()
        committers.start_soon(commit, "twin", Change((INSERT.row(2, "twin"),), snapshot("b", 1), 0))
        committers.start_soon(commit, "other", Change((INSERT.row(3, "other"),), snapshot("c", 1), 0))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
    assert results == {"first": "committed", "twin": "stale", "other": "committed"}
    assert set(await names(database)) == {1, 3}
    assert await store.load("bots", "b") == snapshot("b", 1)


async def test_two_changes_of_one_actor_in_one_batch_are_written_one_after_the_other(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database)
    async with trio.open_nursery() as committers:
        committers.start_soon(journal.commit, Change((INSERT.row(1, "one"),), snapshot("b", 1), 0))
        await trio.testing.wait_all_tasks_blocked()
        committers.start_soon(journal.commit, Change((INSERT.row(2, "two"),), snapshot("b", 2), 1))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(journal.run)
    assert set(await names(database)) == {1, 2}


async def test_a_snapshot_advances_one_version_at_a_time(database: Database, journal: Journal) -> None:
    store = PostgresSnapshotStore(database, journal)
    assert await store.load("bots", "b") is None
    for version in (1, 2, 3):
        await store.save(snapshot("b", version, str(version).encode()), version - 1)
    with pytest.raises(StaleSnapshot):
        await store.save(snapshot("b", 3, b"late"), 2)
    found = await store.load("bots", "b")
    assert found is not None
    assert (found.version, found.data) == (3, b"3")


async def test_who_waits_when_the_journal_ends_is_told(database: Database) -> None:
    journal = Journal(database)
    told: list[str] = []

    async def commit() -> None:
        with pytest.raises(JournalClosed):
            await journal.commit(Change((INSERT.row(1, "one"),)))
        told.append("closed")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commit)
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as running:
            running.cancel_scope.cancel()
            running.start_soon(journal.run)
    assert told == ["closed"]


async def test_a_cancelled_committer_still_waits_for_what_is_queued(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database)
    scope = trio.CancelScope()

    async def commit() -> None:
        with scope:
            await journal.commit(Change((INSERT.row(1, "one"),)))

    async with trio.open_nursery() as committers:
        committers.start_soon(commit)
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        nursery.start_soon(journal.run)
    assert await names(database) == {1: "one"}


async def test_committers_wait_for_room_in_a_full_queue(database: Database, nursery: trio.Nursery) -> None:
    journal = Journal(database, max_queued=2)
    async with trio.open_nursery() as committers:
        for number in range(5):
            committers.start_soon(journal.commit, Change((INSERT.row(number, "x"),)))
        await trio.testing.wait_all_tasks_blocked()
        assert journal.stats.queued == 2
        nursery.start_soon(journal.run)
    assert len(await names(database)) == 5
