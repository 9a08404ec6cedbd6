import random
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import persistence.batch
from actors import ActorSpec, Snapshot, StaleSnapshot, SupervisorSpec, open_system
from persistence import (
    Change,
    ChangeRejected,
    Database,
    Journal,
    JournalActor,
    JournalClosed,
    PostgresSnapshotStore,
    Statement,
    Write,
    WriteConflict,
)
from persistence import (
    journal as journal_module,
)

ADD = Statement(
    "items.add",
    "insert into items (id, n) select * from unnest($1::integer[], $2::integer[])",
    columns=2,
    rank=10,
)
PART = Statement(
    "parts.add",
    "insert into parts (id, item) select * from unnest($1::integer[], $2::integer[])",
    columns=2,
    rank=20,
)
INCREASE = Statement(
    "items.increase",
    "update items i set n = n + v.by from unnest($1::integer[], $2::integer[]) as v (id, by) where i.id = v.id",
    columns=2,
    rank=30,
)
PUT = Statement(
    "items.put",
    """
    insert into items (id, n) select * from unnest($1::integer[], $2::integer[])
    on conflict (id) do update set n = excluded.n
    """,
    columns=2,
    rank=10,
)
NOTE = Statement(
    "notes.add",
    "insert into notes (id, body) select * from unnest($1::integer[], $2::text[])",
    columns=2,
    rank=10,
)


INCOMPRESSIBLE = "".join(map(chr, random.Random(1).choices(range(32, 9000), k=9000)))


def change(*writes: Write) -> Change:
    return Change(writes=writes)


def state(version: int, *writes: Write, actor: str = "a", data: bytes = b"state") -> Change:
    """A change with the snapshot of the actor at `version`."""
    return Change(writes, Snapshot("bot", actor, 1, version, data), expected_version=version - 1)


@pytest.fixture
async def journal(database: Database, nursery: trio.Nursery) -> Journal:
    journal = Journal(database)
    nursery.start_soon(journal.run)
    return journal


async def outcomes(journal: Journal, *changes: Change) -> list[Exception | None]:
    """Commit all of them in one batch; what came of each. The journal must not run yet."""
    results: list[Exception | None] = [None] * len(changes)

    async def commit(index: int) -> None:
        try:
            await journal.commit(changes[index])
        except (StaleSnapshot, WriteConflict, ChangeRejected) as error:
            results[index] = error

    async with trio.open_nursery() as running:
        async with trio.open_nursery() as nursery:
            for index in range(len(changes)):
                nursery.start_soon(commit, index)
                await wait_all_tasks_blocked()  # so that they queue in this order
            running.start_soon(journal.run)
        running.cancel_scope.cancel()
    return results


async def items(database: Database) -> dict[int, int]:
    return {row["id"]: row["n"] for row in await database.fetch("select id, n from items order by id")}


# -- acks


async def test_a_change_is_there_when_its_commit_returns(journal: Journal, database: Database) -> None:
    for key in range(20):
        await journal.commit(change(ADD.row(key, key)))
        assert (await items(database))[key] == key


async def test_changes_that_wait_together_share_one_transaction(database: Database) -> None:
    journal = Journal(database)
    assert await outcomes(journal, *(change(ADD.row(key, 0)) for key in range(50))) == [None] * 50
    assert await database.fetch_value("select count(distinct xmin::text) from items") == 1
    assert (journal.stats.batches, journal.stats.changes, journal.stats.queued) == (1, 50, 0)


async def test_a_batch_has_a_limit(database: Database) -> None:
    journal = Journal(database, max_batch=20)
    assert await outcomes(journal, *(change(ADD.row(key, 0)) for key in range(50))) == [None] * 50
    assert journal.stats.batches == 3


async def test_a_change_without_anything_in_it_is_committed_too(journal: Journal) -> None:
    await journal.commit(Change())


async def test_parents_are_written_before_children_whatever_the_order_of_the_writes(journal: Journal) -> None:
    await journal.commit(change(INCREASE.row(1, 5), PART.row(7, 1), ADD.row(1, 0)))


async def test_children_find_parents_that_another_change_of_the_batch_adds(database: Database) -> None:
    assert await outcomes(Journal(database), change(PART.row(7, 1)), change(ADD.row(1, 0))) == [None, None]


# -- in one statement

ADD_TOGETHER = replace(ADD, name="items.add_together", together=True)
PART_TOGETHER = replace(PART, name="parts.add_together", together=True)
INCREASE_TOGETHER = replace(INCREASE, name="items.increase_together", together=True)


async def test_what_goes_together_is_one_statement_with_children_and_fences(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_statements: list[int] = []
    write_batch = persistence.batch.write_batch

    async def watched(connection: Any, changes: Any) -> None:
        by_statements.append(len(changes))
        await write_batch(connection, changes)

    monkeypatch.setattr(journal_module, "write_batch", watched)
    assert await outcomes(Journal(database), change(ADD.row(1, 1)), state(1, actor="b")) == [None, None]
    assert by_statements == [2]
    results = await outcomes(
        Journal(database),
        state(1, PART_TOGETHER.row(7, 2), ADD_TOGETHER.row(2, 0)),
        state(2, INCREASE_TOGETHER.row(1, 4), actor="b"),
    )
    assert results == [None, None]
    assert by_statements == [2]
    assert await items(database) == {1: 5, 2: 0}


async def test_what_does_not_fit_into_one_statement_loses_alone_there_too(database: Database) -> None:
    assert await outcomes(Journal(database), state(1)) == [None]
    results = await outcomes(
        Journal(database),
        state(3, ADD_TOGETHER.row(1, 0)),
        change(INCREASE_TOGETHER.row(99, 1), ADD_TOGETHER.row(2, 0)),
        change(PART_TOGETHER.row(7, 98), ADD_TOGETHER.row(3, 0)),
        state(2, ADD_TOGETHER.row(4, 0)),
    )
    assert [type(result) for result in results] == [
        StaleSnapshot,
        WriteConflict,
        ChangeRejected,
        type(None),
    ]
    assert await items(database) == {4: 0}


# -- what does not fit


async def test_a_stale_snapshot_loses_alone_with_its_rows(database: Database) -> None:
    setup = await outcomes(Journal(database), state(1), state(1, actor="b"))
    assert setup == [None, None]
    results = await outcomes(
        Journal(database),
        change(ADD.row(1, 0)),
        state(3, ADD.row(2, 0)),
        state(2, ADD.row(3, 0), actor="b"),
        change(ADD.row(4, 0)),
    )
    assert [type(result) for result in results] == [type(None), StaleSnapshot, type(None), type(None)]
    assert list(await items(database)) == [1, 3, 4]


async def test_a_first_snapshot_loses_to_one_that_is_there(journal: Journal) -> None:
    await journal.commit(state(1))
    with pytest.raises(StaleSnapshot):
        await journal.commit(state(1))


@pytest.mark.parametrize("stored", [0, 1])
async def test_of_two_activations_in_one_batch_only_the_first_wins(database: Database, stored: int) -> None:
    if stored:
        assert await outcomes(Journal(database), state(1)) == [None]
    results = await outcomes(
        Journal(database),
        state(stored + 1, ADD.row(1, 0), data=b"first"),
        state(stored + 1, ADD.row(2, 0), data=b"second"),
    )
    assert results[0] is None
    assert isinstance(results[1], StaleSnapshot)
    assert list(await items(database)) == [1]
    assert await database.fetch_value("select data from actor_snapshots") == b"first"


async def test_two_versions_of_one_actor_may_wait_together(database: Database) -> None:
    assert await outcomes(Journal(database), state(1), state(2), state(3)) == [None, None, None]
    assert await database.fetch_value("select version from actor_snapshots") == 3


async def test_bad_rows_are_split_out_and_the_others_are_committed(database: Database) -> None:
    changes = [change(ADD.row(key, 0)) for key in range(30)]
    changes[7] = change(ADD.row(7, -1))  # breaks a check
    changes[8] = change(ADD.row(8, 2**40))  # is no integer, says the driver
    changes[21] = change(ADD.row(100, 0), PART.row(1, 999))  # has no parent
    results = await outcomes(Journal(database), *changes)
    assert [index for index, result in enumerate(results) if result] == [7, 8, 21]
    assert all(isinstance(results[index], ChangeRejected) for index in (7, 8, 21))
    assert isinstance(results[7].__cause__, asyncpg.CheckViolationError)  # type: ignore[union-attr]
    assert list(await items(database)) == [key for key in range(30) if key not in (7, 8, 21)]


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        # which no class of errors for data has
        (change(NOTE.row(1, INCOMPRESSIBLE)), asyncpg.ProgramLimitExceededError),
        (change(PUT.row(1, 1), PUT.row(1, 2)), asyncpg.CardinalityViolationError),
        (change(NOTE.row(1, "raise")), asyncpg.RaiseError),
        (change(NOTE.row(1, "a\0b")), asyncpg.CharacterNotInRepertoireError),
        (change(NOTE.row(1, "\ud800")), asyncpg.DataError),
        (change(Statement("none", "insert into none select $1::integer[]", 1, 1).row(1)), asyncpg.UndefinedTableError),
    ],
    ids=["too long for its index", "twice", "refused by a trigger", "nul", "surrogate", "no table"],
)  # fmt: skip
async def test_no_change_can_stop_the_journal(
    database: Database, bad: Change, cause: type[Exception]
) -> None:
    await database.execute(
        """
        create function refuse() returns trigger language plpgsql as
            $$ begin if new.body = 'raise' then raise exception 'refused'; end if; return new; end $$;
        """
    )
    await database.execute(
        "create trigger refuse before insert on notes for each row execute function refuse()"
    )
    with trio.fail_after(10):
        results = await outcomes(Journal(database), change(ADD.row(5, 0)), bad, change(ADD.row(6, 0)))
    assert isinstance(results[1], ChangeRejected)
    assert isinstance(results[1].__cause__, cause)
    assert list(await items(database)) == [5, 6]


async def test_a_row_that_is_not_in_the_expected_state_is_a_conflict(
    journal: Journal, database: Database
) -> None:
    await journal.commit(change(ADD.row(1, 0)))
    with pytest.raises(WriteConflict):
        await journal.commit(change(ADD.row(2, 0), INCREASE.row(1, 5), INCREASE.row(404, 5)))
    assert await items(database) == {1: 0}


async def test_two_changes_of_one_row_are_both_made(database: Database) -> None:
    results = await outcomes(
        Journal(database), change(ADD.row(1, 0)), change(INCREASE.row(1, 5)), change(INCREASE.row(1, 7))
    )
    assert results == [None] * 3
    assert await items(database) == {1: 12}


@pytest.mark.parametrize("together", [False, True])
async def test_a_statement_that_is_not_exact_may_affect_fewer_rows(
    journal: Journal, database: Database, together: bool
) -> None:
    lenient = Statement("items.lenient", INCREASE.sql, columns=2, rank=30, exact=False, together=together)
    await journal.commit(change(lenient.row(404, 5), ADD_TOGETHER.row(1, 0)))
    assert await items(database) == {1: 0}


def test_a_statement_uses_exactly_its_columns() -> None:
    with pytest.raises(ValueError, match=r"\$1 to \$3"):
        Statement("items.add", ADD.sql, columns=3, rank=1)
    with pytest.raises(ValueError, match="takes 2 values, not 1"):
        ADD.row(1)


def test_a_snapshot_is_small_and_one_version_ahead() -> None:
    with pytest.raises(ValueError, match="at most 16384 bytes"):
        state(1, data=bytes(16385))
    with pytest.raises(ValueError, match="one more"):
        Change(snapshot=Snapshot("bot", "a", 1, 3, b""), expected_version=1)


# -- limits, ends, cancellation


async def test_the_queue_has_room_for_so_many_and_others_wait(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database, max_queued=3)
    for key in range(10):
        nursery.start_soon(journal.commit, change(ADD.row(key, 0)))
    await wait_all_tasks_blocked()
    assert journal.stats.queued == 3
    nursery.start_soon(journal.run)
    with trio.fail_after(10):
        while len(await items(database)) < 10:
            await trio.sleep(0.01)


async def test_who_waits_when_the_journal_ends_is_told(
    database: Database, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(database, max_batch=1)
    async with Gate(monkeypatch) as gate, trio.open_nursery() as running:
        running.start_soon(journal.run)
        errors: list[JournalClosed] = []

        async def commit(key: int) -> None:
            try:
                await journal.commit(change(ADD.row(key, 0)))
            except JournalClosed as error:
                errors.append(error)

        for key in range(3):
            nursery.start_soon(commit, key)
            await wait_all_tasks_blocked()
        await gate.reached.wait()
        running.cancel_scope.cancel()
        gate.open()
    await wait_all_tasks_blocked()
    # the one that was under way is finished first
    assert (list(await items(database)), len(errors)) == ([0], 2)
    assert journal.stats.queued == 0


async def test_a_journal_runs_once_at_a_time_and_again_after_it_ended(
    journal: Journal, database: Database
) -> None:
    await wait_all_tasks_blocked()
    with pytest.raises(RuntimeError, match="runs already"):
        await journal.run()
    again = Journal(database)
    assert await outcomes(again, change(ADD.row(1, 0))) == [None]
    assert await outcomes(again, change(ADD.row(2, 0))) == [None]


async def test_a_cancelled_committer_takes_back_what_nobody_writes_yet(database: Database) -> None:
    journal = Journal(database)
    with trio.move_on_after(0.01) as scope:
        await journal.commit(change(ADD.row(1, 0)))
    assert scope.cancelled_caught
    assert await outcomes(journal, change(ADD.row(2, 0))) == [None]
    assert await items(database) == {2: 0}


class Gate:
    """Holds up batches on the asyncio side, before they are written, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.reached = trio.Event()

    async def __aenter__(self) -> "Gate":
        import asyncio

        write_batch = persistence.batch.write_batch
        self._opened = asyncio.Event()
        token = trio.lowlevel.current_trio_token()

        async def held_up(*args: object) -> None:
            self._loop = asyncio.get_running_loop()
            token.run_sync_soon(self.reached.set)
            await self._opened.wait()
            await write_batch(*args)  # type: ignore[arg-type]

        self._monkeypatch.setattr(journal_module, "write_batch", held_up)
        return self

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._opened.set)

    async def __aexit__(self, *_: object) -> None:
        self._monkeypatch.undo()


async def test_a_cancelled_committer_learns_what_came_of_what_is_being_written(
    journal: Journal, database: Database, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned = trio.Event()
    scope = trio.CancelScope()

    async def commit() -> None:
        with scope:
            await journal.commit(change(ADD.row(1, 0)))
            returned.set()

    async with Gate(monkeypatch) as gate:
        nursery.start_soon(commit)
        await gate.reached.wait()
        scope.cancel()
        await wait_all_tasks_blocked()
        assert not returned.is_set()
        gate.open()
        with trio.fail_after(5):
            await returned.wait()
    assert await items(database) == {1: 0}


# -- the record of batches


async def test_old_batches_are_forgotten_and_young_ones_kept(journal: Journal, database: Database) -> None:
    old = "insert into journal_batches (id, created_at) values ($1, now() - interval '2 hours')"
    await database.execute(old, uuid4())
    for key in range(3):
        await journal.commit(change(ADD.row(key, 0)))
    with trio.fail_after(5):
        while await database.fetch_value("select count(*) from journal_batches") != 3:
            await trio.sleep(0.01)


async def test_a_plan_that_was_made_when_a_table_was_known_to_be_empty_does_not_stay(
    database: Database, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an empty table all is read as cheaply as a row, and the plan is kept, however large the table becomes."""
    monkeypatch.setattr(journal_module, "TIDY_EVERY", 3)
    increase = replace(INCREASE, exact=False)
    await database.execute("vacuum analyze items")
    journal = Journal(database)
    nursery.start_soon(journal.run)

    async def read_for_a_change() -> int:
        """How many entries of the index."""

        async def so_far() -> int:
            read = "select idx_tup_read from pg_stat_user_indexes where indexrelname = 'items_pkey'"
            await database.writing.fetch_value("select pg_stat_force_next_flush()")
            return int(await database.fetch_value(read))

        before = await so_far()
        await journal.commit(change(increase.row(7, 1)))
        while journal._untidied >= journal_module.TIDY_EVERY:
            await trio.sleep(0.001)  # it may have the connection now whose figures are wanted
        return await so_far() - before

    for _ in range(2):
        await journal.commit(change(increase.row(7, 1)))
    await database.execute("insert into items select id, 0 from generate_series(1, 2000) as id")
    read = [await read_for_a_change() for _ in range(6)]
    assert max(read) >= 2000  # the table was read as a whole; otherwise this test shows nothing
    assert read[-1] <= 2


# -- its place in the tree


async def test_the_actor_owns_the_loop_and_shows_how_it_is(database: Database) -> None:
    journal = Journal(database)
    tree = SupervisorSpec("root", [ActorSpec("journal", lambda: JournalActor(journal))])
    async with open_system(tree) as system:
        await journal.commit(change(ADD.row(1, 0)))
        details = system.info("/journal").details
        assert details is not None
        assert details["batches"] == 1
    with trio.move_on_after(0.05) as scope:
        await journal.commit(change(ADD.row(2, 0)))
    assert scope.cancelled_caught


# -- snapshots


async def test_a_snapshot_is_loaded_as_it_was_saved(journal: Journal, database: Database) -> None:
    store = PostgresSnapshotStore(database, journal)
    assert await store.load("bot", "a") is None
    first = Snapshot("bot", "a", 3, 1, b"\x00\xff")
    await store.save(first, 0)
    assert await store.load("bot", "a") == first
    second = Snapshot("bot", "a", 4, 2, bytes(16 * 1024))
    await store.save(second, 1)
    assert await store.load("bot", "a") == second
    with pytest.raises(StaleSnapshot):
        await store.save(second, 1)
    assert await store.load("bot", "b") is None
    assert await store.load("session", "a") is None
