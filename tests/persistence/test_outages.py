"""Postgres goes away and comes back: callers wait or are told, and no acknowledgement was a lie."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from persistence import (
    MIGRATIONS,
    Change,
    DatabaseUnavailable,
    EmbeddedPostgres,
    Journal,
    Statement,
    migrate,
    open_database,
)

INSERT = Statement(
    "acks.insert",
    "insert into acks (writer, seq) select * from unnest($1::integer[], $2::integer[])",
    columns=2,
    rank=1,
)


async def acknowledged(journal: Journal, seconds: float, during: Callable[[], None]) -> list[tuple[int, int]]:
    """Write from several tasks while `during` does its worst; what was acknowledged."""
    acks: list[tuple[int, int]] = []
    over = False

    async def write(writer: int) -> None:
        seq = 0
        while not over:
            seq += 1
            await journal.commit(Change((INSERT.row(writer, seq),)))
            acks.append((writer, seq))

    async with trio.open_nursery() as nursery:
        for writer in range(8):
            nursery.start_soon(write, writer)
        await trio.sleep(seconds)
        await trio.to_thread.run_sync(during)
        before = len(acks)
        with trio.fail_after(30):
            while len(acks) < before + 50:
                await trio.sleep(0.01)
        over = True
    return acks


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
async def test_after_a_restart_of_postgres_under_load_every_acknowledged_row_is_there_once(
    server: EmbeddedPostgres, how: signal.Signals
) -> None:
    # started by the test's own thread, which outlives it
    dsn = server.start()

    def restart() -> None:
        pid = server.pid
        assert pid is not None
        os.kill(pid, how)
        while server.poll() is None:
            pass

    async with open_database(dsn, max_size=2) as database, trio.open_nursery() as nursery:
        await migrate(database, MIGRATIONS)
        await database.execute("create table acks (writer integer, seq integer, primary key (writer, seq))")
        journal = Journal(database)
        nursery.start_soon(journal.run)

        async def bring_back() -> None:
            while server.poll() is None:
                await trio.sleep(0.01)
            await trio.sleep(0.1)
            server.start()

        nursery.start_soon(bring_back)
        acks = await acknowledged(journal, 0.3, restart)
        rows = {(row["writer"], row["seq"]) for row in await database.fetch("select writer, seq from acks")}
        assert set(acks) <= rows
        assert len(acks) == len(set(acks))
        # every writer knows of its rows: what was written and not acknowledged was being waited for
        assert rows == set(acks)
        nursery.cancel_scope.cancel()


class CommitLoser:
    """Stands between us and Postgres; once armed, it loses one COMMIT or the answer to it, and hangs up."""

    def __init__(self, socket_path: str, *, forwards: bool) -> None:
        self._socket_path = socket_path
        self._forwards = forwards
        self.armed = False
        self.lost = False
        self.port = 0

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._connection, listeners)

    async def _connection(self, client: trio.SocketStream) -> None:
        server = await trio.open_unix_socket(self._socket_path)
        async with client, server:
            with contextlib.suppress(trio.BrokenResourceError):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._back, server, client, nursery.cancel_scope)
                    async for data in client:
                        if self.armed and b"COMMIT" in data:
                            self.armed = False
                            self.lost = True
                            if self._forwards:
                                await server.send_all(data)
                                await trio.sleep(0.05)  # it is written by then, or being written
                            break
                        self.lost = False
                        await server.send_all(data)
                    nursery.cancel_scope.cancel()

    async def _back(
        self, server: trio.SocketStream, client: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        async for data in server:
            if self.lost:
                continue
            await client.send_all(data)
        scope.cancel()


@pytest.mark.parametrize("reaches_postgres", [True, False])
async def test_when_the_answer_to_a_commit_is_lost_it_is_written_once(
    server: EmbeddedPostgres, nursery: trio.Nursery, reaches_postgres: bool
) -> None:
    direct = server.start()
    folder = parse_qs(urlsplit(direct).query)["host"][0]
    eater = CommitLoser(f"{folder}/.s.PGSQL.5432", forwards=reaches_postgres)
    await nursery.start(eater.serve)
    async with open_database(direct) as database:
        await migrate(database, MIGRATIONS)
        await database.execute("create table acks (writer integer, seq integer)")
        async with open_database(
            f"postgresql://postgres@127.0.0.1:{eater.port}/postgres?sslmode=disable"
        ) as cut:
            journal = Journal(cut)
            nursery.start_soon(journal.run)
            eater.armed = True
            with trio.fail_after(20):
                await journal.commit(Change((INSERT.row(1, 1),)))
            assert not eater.armed
            assert await database.fetch_value("select count(*) from acks") == 1
            nursery.cancel_scope.cancel()


async def test_without_postgres_a_question_is_told_so(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    async with open_database(dsn) as database:
        await database.ping()
        server.stop()
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
        server.start()
        with trio.fail_after(20):
            while True:
                try:
                    await database.ping()
                    break
                except DatabaseUnavailable:
                    await trio.sleep(0.05)


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        async with open_database("postgresql://postgres@127.0.0.1:1/none"):
            pass
