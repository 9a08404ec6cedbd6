"""The embedded server: it lives as long as its owner, and keeps what it acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from persistence import DataDirectoryLocked, EmbeddedPostgres, PostgresStartError, embedded
from persistence.process import Identity, unprivileged_identity

OWNER = """
import asyncio, asyncpg, sys, time
from pathlib import Path
from persistence import EmbeddedPostgres, embedded
from persistence.process import Identity

if len(sys.argv) > 2:
    embedded.unprivileged_identity = lambda: Identity(sys.argv[2])

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


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _reachable_by_nobody(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.parents)


as_nobody = pytest.mark.skipif(
    os.geteuid() != 0 or not _reachable_by_nobody(Path(embedded._binary("postgres"))),
    reason="only root can become nobody, and nobody must reach the programs",
)


@as_nobody
def test_root_without_namespaces_runs_it_as_nobody_on_a_directory_made_as_anybody(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedPostgres(open_folder / "postgres")
    try:
        for who in (Identity.NOBODY, unprivileged_identity(), Identity.NOBODY):
            monkeypatch.setattr(embedded, "unprivileged_identity", lambda who=who: who)
            dsn = server.start()
            value(dsn, "create table if not exists t as select 1 as n")
            assert value(dsn, "select n from t") == 1
            server.stop()
    finally:
        server.stop()


@as_nobody
def test_a_directory_that_nobody_cannot_reach_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "unprivileged_identity", lambda: Identity.NOBODY)
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(PostgresStartError, match=r"[Pp]ermission denied"):
        EmbeddedPostgres(tmp_path / "closed" / "postgres").start()


def test_a_program_that_cannot_be_run_says_so(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_binary", lambda name: tmp_path / name)
    with pytest.raises(PostgresStartError, match="initdb cannot be run"):
        server.start()


def test_a_pid_file_that_names_a_process_which_is_no_postgres_does_not_stop_it(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.start()
    server.stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{tmp_path}/postgres\n")
    assert value(server.start(), "select 1") == 1


@pytest.mark.parametrize(
    "identity", [None, pytest.param(Identity.NOBODY, marks=as_nobody)], ids=["as usual", "as nobody"]
)
def test_when_its_owner_is_killed_the_server_ends_and_the_next_owner_has_every_acknowledged_row(
    open_folder: Path, identity: Identity | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_folder / "postgres"
    if identity is not None:
        monkeypatch.setattr(embedded, "unprivileged_identity", lambda: identity)
    for _ in range(3):
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(data), *([identity.value] if identity else [])],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
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
