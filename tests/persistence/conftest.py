"""Databases for these tests: fresh ones on the embedded server and, where there is one, on a real Postgres."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import trio

from persistence import MIGRATIONS, Database, EmbeddedPostgres, Journal, migrate, open_database

REAL_SERVER = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def embedded_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("persistence") / "postgres")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(params=["embedded", "real"])
def dsn(request: pytest.FixtureRequest, embedded_dsn: str) -> Iterator[str]:
    """A fresh database."""
    server = embedded_dsn if request.param == "embedded" else REAL_SERVER
    name = f"arena_test_{secrets.token_hex(6)}"
    try:
        asyncio.run(_execute(server, f"create database {name}"))
    except (OSError, asyncpg.PostgresError):
        if request.param == "embedded":
            raise
        pytest.skip("no Postgres runs at TEST_DATABASE_URL")
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    asyncio.run(_execute(server, f"drop database {name} with (force)"))


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with open_database(dsn, max_size=4) as database:
        await migrate(database, MIGRATIONS)
        yield database


@pytest.fixture
async def journal(database: Database, nursery: trio.Nursery) -> Journal:
    """A journal that is running."""
    journal = Journal(database)
    nursery.start_soon(journal.run)
    return journal


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, to be killed."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.stop()
