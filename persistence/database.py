"""Postgres from trio: a pool behind the bridge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar

import asyncpg
import trio
from asyncpg.pool import PoolConnectionProxy

from persistence.bridge import BridgeClosed, ThreadBridge

T = TypeVar("T")
Connection = asyncpg.Connection | PoolConnectionProxy

CONNECT_TIMEOUT = 10.0
STATEMENT_TIMEOUT = 30.0
ACQUIRE_TIMEOUT = 10.0
IDLE_IN_TRANSACTION_TIMEOUT = 30.0
"""Seconds after which Postgres ends a transaction that we were cut off from, and lets its locks go."""

OUTAGES: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    BridgeClosed,
)
"""What is raised when the server goes away, is starting, or cannot be reached. Not what a statement does wrong."""


class DatabaseUnavailable(Exception):
    """Postgres cannot be reached now. What was asked may or may not have happened."""


class Database:
    """Questions to Postgres. Made by `open_database`.

    Everything raises `DatabaseUnavailable` in an outage, and what asyncpg raises for errors of the statement.
    """

    def __init__(self, bridge: ThreadBridge, pool: asyncpg.Pool, dsn: str) -> None:
        self._bridge = bridge
        self._pool = pool
        self.dsn = dsn

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """All rows."""
        with _outages():
            return await self._bridge.call(partial(self._pool.fetch, sql, *args, timeout=STATEMENT_TIMEOUT))

    async def fetch_one(self, sql: str, *args: object) -> asyncpg.Record | None:
        """The first row, or None."""
        with _outages():
            return await self._bridge.call(
                partial(self._pool.fetchrow, sql, *args, timeout=STATEMENT_TIMEOUT)
            )

    async def fetch_value(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        with _outages():
            return await self._bridge.call(
                partial(self._pool.fetchval, sql, *args, timeout=STATEMENT_TIMEOUT)
            )

    async def execute(self, sql: str, *args: object) -> str:
        """Run a statement; its command tag, such as "UPDATE 1"."""
        with _outages():
            return await self._bridge.call(partial(self._pool.execute, sql, *args, timeout=STATEMENT_TIMEOUT))

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` on the asyncio side, inside one transaction: one hop, however many statements."""

        async def in_transaction() -> T:
            async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT) as connection, connection.transaction():
                return await work(connection)

        with _outages():
            return await self._bridge.call(in_transaction)

    async def ping(self) -> None:
        """Return if Postgres answers."""
        await self.fetch_value("select 1")


@asynccontextmanager
async def open_database(dsn: str, *, min_size: int = 1, max_size: int = 8) -> AsyncIterator[Database]:
    """A pool of connections to `dsn`.

    Raises:
        DatabaseUnavailable: no connection can be made.
    """
    async with ThreadBridge() as bridge:
        with _outages():
            pool = await bridge.call(_create_pool, dsn, min_size, max_size)
        try:
            yield Database(bridge, pool, dsn)
        finally:
            with trio.CancelScope(shield=True):
                await bridge.call(_close_pool, pool)


async def _create_pool(dsn: str, min_size: int, max_size: int) -> asyncpg.Pool:
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=CONNECT_TIMEOUT,
            command_timeout=STATEMENT_TIMEOUT,
            server_settings={
                "application_name": "arena",
                "idle_in_transaction_session_timeout": str(round(IDLE_IN_TRANSACTION_TIMEOUT * 1000)),
            },
        )
    except asyncpg.PostgresError as error:
        # no such database, a wrong password: to whoever connects, there is no database
        raise DatabaseUnavailable(f"Postgres refuses the connection: {error}") from error


async def _close_pool(pool: asyncpg.Pool) -> None:
    # everything that used it is over; a server that does not answer must not keep us
    pool.terminate()


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except OUTAGES as error:
        if isinstance(error, asyncpg.InterfaceError) and "the server expects" in str(error):
            raise  # a wrong number of arguments: the driver has no class of its own for it
        raise DatabaseUnavailable(
            f"the database is unavailable: {str(error) or type(error).__name__}"
        ) from error
