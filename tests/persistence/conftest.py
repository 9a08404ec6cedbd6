"""Databases with this package's tables and nothing else, on the embedded server and on one that runs by itself."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from persistence import Database, open_database
from tests.fixtures.postgres import PERSISTENCE, PostgresServer, postgres_server
from tests.persistence.own_server import OwnServer

__all__ = ["postgres_server"]

EXTERNAL = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
"""A Postgres of its own; the tests that want it are skipped where there is none."""

ITEMS = """
    create table items (id integer primary key, n integer not null default 0 check (n >= 0));
    create table parts (id integer primary key, item integer not null references items);
    create table notes (id integer primary key, body text unique);
"""


async def _reachable(dsn: str) -> bool:
    try:
        connection = await asyncpg.connect(dsn, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


@pytest.fixture(scope="session")
def external_server() -> Iterator[PostgresServer]:
    if not asyncio.run(_reachable(EXTERNAL)):
        pytest.skip("no Postgres at TEST_DATABASE_URL")
    server = PostgresServer(EXTERNAL)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(params=["embedded", "external"])
def dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own with the package's tables."""
    name = "postgres_server" if request.param == "embedded" else "external_server"
    server: PostgresServer = request.getfixturevalue(name)
    with server.database(PERSISTENCE) as dsn:
        yield dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """The package's tables, and three to play with."""
    async with open_database(dsn, max_size=4) as database:
        await database.execute(ITEMS)
        yield database


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server that the test may do anything to."""
    with OwnServer(tmp_path / "postgres") as server:
        yield server
