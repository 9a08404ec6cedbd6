"""The embedded server: it lives as long as its owner, and keeps what it acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from persistence import DataDirectoryLocked, EmbeddedPostgres, PostgresStartError, embedded

OWNER = """
import asyncio, asyncpg, sys, time
from pathlib import Path
from persistence import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]))
dsn = server.start()

async def main():
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table if not exists acks (n integer)")
    number = await connection.fetchval("select count(*) from acks")
    print("server", server.pid, flush=True)
    while True:
        await connection.execute("insert into acks values ($1)", number)
        number += 1
        print(number, flush=True)

asyncio.run(main())
"""


async def _value(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def value(dsn: str, sql: str) -> object:
    return asyncio.run(_value(dsn, sql))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_server_keeps_its_data_across_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    value(dsn, "create table t as select 1 as n")
    server.stop()
    assert server.poll() == -1
    assert value(server.start(), "select n from t") == 1


def test_starting_twice_is_starting_once(server: EmbeddedPostgres) -> None:
    server.start()
    pid = server.pid
    server.start()
    assert server.pid == pid


def test_a_server_that_was_killed_can_be_restarted(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    value(dsn, "create table t as select 1 as n")
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.poll() is None:
        time.sleep(0.01)
    assert value(server.restart(), "select n from t") == 1


def test_two_servers_cannot_share_a_directory(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    monkeypatch.setattr(embedded, "LOCK_TIMEOUT", 0.2)
    with pytest.raises(DataDirectoryLocked, match=str(os.getpid())):
        EmbeddedPostgres(tmp_path / "postgres").start()


def test_a_killed_initialisation_leaves_nothing_half_made(server: EmbeddedPostgres, tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert value(server.start(), "select 1") == 1
    assert not half.exists()


def test_a_directory_that_is_none_of_postgres_says_why_it_does_not_start(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(PostgresStartError, match=r"postgresql\.conf|initialized|version"):
        EmbeddedPostgres(data).start()


def test_a_deep_directory_gets_a_short_socket(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("d" * 60) / ("e" * 60) / "postgres")
    try:
        assert value(server.start(), "select 1") == 1
    finally:
        server.stop()


def test_when_its_owner_is_killed_the_server_ends_and_the_next_owner_has_every_acknowledged_row(
    tmp_path: Path,
) -> None:
    data = tmp_path / "postgres"
    for _ in range(3):
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(data)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert owner.stdout is not None
        pid = int(owner.stdout.readline().split()[1])
        for _ in range(100):
            acknowledged = int(owner.stdout.readline())
        owner.kill()
        rest = [int(line) for line in owner.stdout.read().split()]
        acknowledged = max([acknowledged, *rest])
        deadline = time.monotonic() + 10
        while alive(pid):
            assert time.monotonic() < deadline, "the server outlives its owner"
            time.sleep(0.01)
        server = EmbeddedPostgres(data)
        try:
            rows = value(server.start(), "select count(*) from acks")
        finally:
            server.stop()
        assert isinstance(rows, int)
        assert rows >= acknowledged
