"""What the journal promises while Postgres goes away and comes back, or the wire to it is cut."""

import signal
from dataclasses import replace
from itertools import count

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import persistence
from persistence import Change, Database, Journal, JournalClosed, Statement, migrate, open_database
from persistence import database as database_module
from tests.persistence.own_server import OwnServer
from tests.persistence.proxy import Cut, proxied

ENTER = Statement(
    "entries.add",
    "insert into entries (worker, seq) select * from unnest($1::integer[], $2::integer[])",
    columns=2,
    rank=1,
)
ENTER_TOGETHER = replace(ENTER, name="entries.add_together", together=True)
ENTRIES = "create table entries (worker integer not null, seq integer not null)"  # no key: what is written twice shows


async def entries(database: Database) -> list[tuple[int, int]]:
    rows = await database.fetch("select worker, seq from entries order by worker, seq")
    return [(row["worker"], row["seq"]) for row in rows]


both_ways = pytest.mark.parametrize("enter", [ENTER, ENTER_TOGETHER], ids=["by statements", "at once"])


@both_ways
@pytest.mark.parametrize("cut", [Cut.ANSWER, Cut.QUESTION])
async def test_a_lost_commit_is_neither_lost_nor_made_twice(dsn: str, cut: Cut, enter: Statement) -> None:
    async with proxied(dsn) as proxy, open_database(proxy.dsn, max_size=2) as database:
        await database.execute(ENTRIES)
        commits = count()
        # the second, third, sixth ... so also two in a row
        proxy.decide = lambda: cut if next(commits) % 4 in (1, 2) else Cut.NOTHING
        journal = Journal(database)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(journal.run)
            with trio.fail_after(20):
                for seq in range(8):
                    await journal.commit(Change((enter.row(1, seq),)))
            nursery.cancel_scope.cancel()
        assert len(proxy.cuts) >= 4
        assert await entries(database) == [(1, seq) for seq in range(8)]


async def test_a_cut_that_postgres_does_not_notice_ends_with_the_idle_transaction(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its locks, also that on the batch's id, are let go, and the batch is written again."""
    monkeypatch.setattr(database_module, "IDLE_IN_TRANSACTION_TIMEOUT", 0.3)
    async with proxied(dsn) as proxy, open_database(proxy.dsn, max_size=2) as database:
        await database.execute(ENTRIES)
        commits = count()
        proxy.decide = lambda: Cut.SILENTLY if next(commits) == 0 else Cut.NOTHING
        journal = Journal(database)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(journal.run)
            with trio.fail_after(10):
                await journal.commit(Change((ENTER.row(1, 1),)))
            nursery.cancel_scope.cancel()
        assert proxy.cuts == [Cut.SILENTLY]
        assert await entries(database) == [(1, 1)]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=lambda how: how.name)
@both_ways
async def test_postgres_restarted_under_load_keeps_every_ack(
    own_server: OwnServer, how: signal.Signals, enter: Statement
) -> None:
    acked: list[tuple[int, int]] = []
    finish = False

    async def work(journal: Journal, worker: int) -> None:
        for seq in count():
            await journal.commit(Change((enter.row(worker, seq),)))
            acked.append((worker, seq))
            if finish:
                return

    async def until_acked(number: int) -> None:
        wanted = len(acked) + number
        with trio.fail_after(30):
            while len(acked) < wanted:
                await trio.sleep(0.005)

    async with open_database(own_server.dsn, max_size=2) as database:
        await migrate(database, persistence.MIGRATIONS)
        await database.execute(ENTRIES)
        journal = Journal(database)
        async with trio.open_nursery() as running:
            running.start_soon(journal.run)
            async with trio.open_nursery() as nursery:
                for worker in range(8):
                    nursery.start_soon(work, journal, worker)
                for _ in range(2):
                    await until_acked(200)
                    own_server.kill(how)
                    await own_server.ended()
                    with trio.fail_after(5):
                        while journal.stats.available:
                            await trio.sleep(0.005)
                    await own_server.restart()
                await until_acked(200)
                finish = True
            running.cancel_scope.cancel()
        assert journal.stats.available
        # every commit has returned, so what is there is what was acknowledged, and each once
        assert await entries(database) == sorted(acked)


async def test_in_an_outage_everybody_can_still_leave(own_server: OwnServer) -> None:
    async with open_database(own_server.dsn, max_size=2) as database:
        await migrate(database, persistence.MIGRATIONS)
        await database.execute(ENTRIES)
        await own_server.stop()
        journal = Journal(database, max_batch=1)
        left: list[int] = []
        told: list[int] = []

        async def commit(scope: trio.CancelScope, seq: int) -> None:
            with scope:
                try:
                    await journal.commit(Change((ENTER.row(1, seq),)))
                except JournalClosed:
                    told.append(seq)
            if scope.cancelled_caught:
                left.append(seq)

        async with trio.open_nursery() as nursery, trio.open_nursery() as running:
            running.start_soon(journal.run)
            scopes = [trio.CancelScope() for _ in range(4)]
            for seq, scope in enumerate(scopes):
                nursery.start_soon(commit, scope, seq)
                await wait_all_tasks_blocked()
            with trio.fail_after(5):
                while journal.stats.available:
                    await trio.sleep(0.005)
            scopes[0].cancel()  # it is being written
            scopes[2].cancel()  # it waits
            with trio.fail_after(5):
                while len(left) < 2:
                    await trio.sleep(0.005)
            running.cancel_scope.cancel()
        assert (sorted(left), sorted(told)) == ([0, 2], [1, 3])
        assert journal.stats.queued == 0
