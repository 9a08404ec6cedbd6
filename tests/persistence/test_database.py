"""Questions to Postgres: what they answer, how they fail, and that nobody has to wait for ever."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import asyncpg
import pytest
import trio

from persistence import Database, DatabaseUnavailable, open_database
from persistence import database as database_module
from persistence.database import Connection
from tests.fixtures.garbage import garbage_of_ours
from tests.persistence.proxy import proxied


async def test_each_question_has_its_kind_of_answer(database: Database) -> None:
    assert await database.execute("insert into items (id, n) values ($1, $2), (2, 20)", 1, 10) == "INSERT 0 2"
    assert [dict(row) for row in await database.fetch("select id, n from items order by id")] == [
        {"id": 1, "n": 10},
        {"id": 2, "n": 20},
    ]
    row = await database.fetch_one("select n from items where id = $1", 2)
    assert row is not None
    assert row["n"] == 20
    assert await database.fetch_value("select sum(n) from items") == 30
    await database.ping()


async def test_no_rows_are_an_empty_list_or_none(database: Database) -> None:
    assert await database.fetch("select * from items") == []
    assert await database.fetch_one("select * from items") is None
    assert await database.fetch_value("select n from items") is None


async def test_work_that_fails_leaves_nothing(database: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("insert into items values (1)")
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await database.run(work)
    assert await database.fetch_value("select count(*) from items") == 0


async def test_what_a_statement_does_wrong_is_not_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.fetch("select * from nowhere")
    with pytest.raises(asyncpg.CheckViolationError):
        await database.execute("insert into items values (1, -1)")
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        await database.fetch("select * from items where id = $1", 1, 2)
    await database.ping()


async def test_a_server_that_cannot_be_reached_is_an_outage() -> None:
    with pytest.raises(DatabaseUnavailable):
        async with open_database("postgresql://postgres@127.0.0.1:1/postgres"):
            pytest.fail("there is no server")


async def test_a_database_that_does_not_exist_is_an_outage(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        async with open_database(urlsplit(dsn)._replace(path="/nowhere").geturl()):
            pytest.fail("there is no database")


async def test_the_wait_for_a_connection_ends(
    dsn: str, monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery
) -> None:
    monkeypatch.setattr(database_module, "ACQUIRE_TIMEOUT", 0.1)
    async with open_database(dsn, max_size=1) as database:
        token = trio.lowlevel.current_trio_token()
        busy = trio.Event()

        async def keep(connection: Connection) -> None:
            token.run_sync_soon(busy.set)
            await connection.execute("select pg_sleep(60)")

        async def keep_cancelled() -> None:
            with trio.CancelScope() as scope:
                scopes.append(scope)
                await database.run(keep)

        scopes: list[trio.CancelScope] = []
        nursery.start_soon(keep_cancelled)
        await busy.wait()
        with pytest.raises(DatabaseUnavailable):
            await database.run(_one)
        scopes[0].cancel()


async def _one(connection: Connection) -> object:
    return await connection.fetchval("select 1")


async def test_a_statement_that_takes_too_long_is_an_outage(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "STATEMENT_TIMEOUT", 0.1)
    with pytest.raises(DatabaseUnavailable, match="TimeoutError"):
        await database.fetch_value("select pg_sleep(60)")


async def test_a_cancelled_question_ends_on_the_server_too(database: Database) -> None:
    with trio.move_on_after(0.2):
        await database.fetch_value("select pg_sleep(61)")
    with trio.fail_after(5):
        while await database.fetch_value(
            "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(61)'"
        ):
            await trio.sleep(0.01)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "UNWIND_TIMEOUT", 0.2)


async def _ask(database: Database) -> None:
    await database.ping()


async def _transact(database: Database) -> None:
    await database.run(_one)


@pytest.mark.parametrize("use", [_ask, _transact])
async def test_nobody_is_kept_by_a_server_that_no_longer_answers(
    dsn: str, impatient: None, use: Callable[[Database], Awaitable[None]]
) -> None:
    async with proxied(dsn) as proxy:
        with trio.fail_after(5):
            async with open_database(proxy.dsn) as database:
                await use(database)
                proxy.stalled = True
                with trio.move_on_after(0.1) as scope:
                    await use(database)
                assert scope.cancelled_caught


async def test_when_the_server_answers_again_so_does_the_database(dsn: str, impatient: None) -> None:
    async with proxied(dsn) as proxy, open_database(proxy.dsn, max_size=1) as database:
        proxy.stalled = True
        with trio.move_on_after(0.1):
            await _transact(database)
        proxy.stalled = False
        with trio.fail_after(5):
            await _transact(database)


async def _backend(database: Database) -> int:
    pid: int = await database.writing.fetch_value("select pg_backend_pid()")
    return pid


async def test_what_is_written_keeps_its_connection_and_two_at_once_have_one_each(database: Database) -> None:
    first = await _backend(database)
    assert await _backend(database) == first
    pids: list[int] = []

    async def write() -> None:
        pids.append(await database.writing.fetch_value("select pg_backend_pid() from pg_sleep(0.2)"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        nursery.start_soon(write)
    assert len(set(pids)) == 2
    assert first in pids
    assert await _backend(database) in pids


async def test_a_connection_for_writing_that_the_server_has_ended_is_replaced(database: Database) -> None:
    first = await _backend(database)
    await database.execute("select pg_terminate_backend($1)", first)
    # the news of it may come during the next statement
    with trio.fail_after(10):
        while True:
            try:
                assert await _backend(database) != first
                break
            except DatabaseUnavailable:
                await trio.sleep(0.01)
    await database.writing.execute("insert into items (id, n) values (1, 1)")
    assert await database.fetch_value("select count(*) from items") == 1


async def test_after_a_statement_that_fails_or_is_given_up_there_is_a_good_connection(
    database: Database,
) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.UndefinedTableError):
            await database.writing.fetch("select * from nowhere")
        with trio.move_on_after(0.05):
            await database.writing.execute("select pg_sleep(5)")
        assert await database.writing.fetch_value("select 1") == 1
    in_transaction = await database.fetch_value(
        "select count(*) from pg_stat_activity where state like 'idle in transaction%'"
    )
    assert in_transaction == 0


async def test_a_statement_that_was_cancelled_or_failed_leaves_no_garbage(database: Database) -> None:
    await database.ping()
    with garbage_of_ours() as found:
        with pytest.raises(asyncpg.UndefinedTableError):
            await database.fetch("select * from nowhere")
        for seconds in (0.0, 0.05):
            with trio.move_on_after(seconds):
                await database.fetch("select pg_sleep(10)")
        await database.ping()
    assert not found
