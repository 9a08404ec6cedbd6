"""How many durable changes a second the journal writes, alone and grouped, on the embedded Postgres."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import trio

from persistence import MIGRATIONS, Change, EmbeddedPostgres, Journal, Statement, migrate, open_database

INSERT = Statement(
    "events.insert",
    "insert into bench_events (actor, seq) select * from unnest($1::integer[], $2::integer[])",
    columns=2,
    rank=1,
)
SECONDS = 3.0


async def measure(dsn: str, writers: int) -> None:
    async with open_database(dsn) as database:
        journal = Journal(database)
        await database.execute("truncate bench_events")
        committed = 0
        over = False

        async def write(actor: int) -> None:
            nonlocal committed
            seq = 0
            while not over:
                seq += 1
                await journal.commit(Change((INSERT.row(actor, seq),)))
                committed += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(journal.run)
            started = time.perf_counter()
            async with trio.open_nursery() as writing:
                for actor in range(writers):
                    writing.start_soon(write, actor)
                await trio.sleep(SECONDS)
                over = True
            elapsed = time.perf_counter() - started
            nursery.cancel_scope.cancel()
        rows = await database.fetch_value("select count(*) from bench_events")
        assert rows >= committed, "an acknowledged row is missing"
        batches = max(1, journal.stats.batches)
        print(
            f"{writers:>5} writers: {committed / elapsed:>8,.0f} commits/s in {batches / elapsed:>6,.0f} "
            f"transactions/s, {committed / batches:>6.1f} a transaction"
        )


async def main(dsn: str) -> None:
    async with open_database(dsn) as database:
        await migrate(database, MIGRATIONS)
        await database.execute(
            "create table bench_events (actor integer, seq integer, primary key (actor, seq))"
        )
    for writers in (1, 10, 100, 1000):
        await measure(dsn, writers)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            trio.run(main, postgres.start())
        finally:
            postgres.stop()
