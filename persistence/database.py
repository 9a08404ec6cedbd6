"""Postgres from trio: a pool behind the bridge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
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
"""For a question, or all statements of a transaction."""
ACQUIRE_TIMEOUT = 10.0
UNWIND_TIMEOUT = 3.0
"""How long a statement that was given up may take to end on the server before its connection is cut."""
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


WRITING_CONNECTIONS = 2
_BY_KEY = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""For statements that find every row by its key. Left to itself, the planner reads a whole index, or a table that was
small when it last looked, as soon as it thinks that there are few rows of a status; and it thinks each time anew.
"""


class DatabaseUnavailable(Exception):
    """Postgres cannot be reached now. What was asked may or may not have happened."""


class Database:
    """Questions to Postgres. Made by `open_database`.

    Everything raises `DatabaseUnavailable` in an outage, and what asyncpg raises for errors of the statement.

    Attributes:
        writing: the same over connections of its own, for the journal: its statements find rows by their keys, and it
            never waits for those who read, nor for the pool.
    """

    def __init__(
        self,
        bridge: ThreadBridge,
        pool: asyncpg.Pool,
        dsn: str,
        *,
        writing: Database | None = None,
        at_hand: _AtHand | None = None,
    ) -> None:
        self._bridge = bridge
        self._pool = pool
        self._at_hand = at_hand
        self.dsn = dsn
        self.writing = writing or self

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """All rows."""
        return await self._call(lambda connection: connection.fetch(sql, *args))

    async def fetch_one(self, sql: str, *args: object) -> asyncpg.Record | None:
        """The first row, or None."""
        return await self._call(lambda connection: connection.fetchrow(sql, *args))

    async def fetch_value(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        return await self._call(lambda connection: connection.fetchval(sql, *args))

    async def execute(self, sql: str, *args: object) -> str:
        """Run a statement; its command tag, such as "UPDATE 1"."""
        return await self._call(lambda connection: connection.execute(sql, *args))

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, first: str | None = None) -> T:
        """Run `work` on the asyncio side, inside one transaction: one hop, however many statements.

        Args:
            first: a statement without parameters that begins the transaction, in the same round trip.
        """
        return await self._call(partial(_in_transaction, first, work))

    async def ping(self) -> None:
        """Return if Postgres answers."""
        await self.fetch_value("select 1")

    async def _call(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        with _outages():
            return await self._bridge.call(_with_connection, self._pool, self._at_hand, work)


@asynccontextmanager
async def open_database(dsn: str, *, min_size: int = 1, max_size: int = 8) -> AsyncIterator[Database]:
    """A pool of connections to `dsn`, and `WRITING_CONNECTIONS` more for what is written.

    Raises:
        DatabaseUnavailable: no connection can be made.
    """
    async with ThreadBridge() as bridge:
        with _outages():
            pool = await bridge.call(_create_pool, dsn, min_size, max_size, {})
            # no connection before there is something to write
            writing = await bridge.call(_create_pool, dsn, 0, WRITING_CONNECTIONS, _BY_KEY)
        try:
            yield Database(bridge, pool, dsn, writing=Database(bridge, writing, dsn, at_hand=_AtHand()))
        finally:
            with trio.CancelScope(shield=True):
                await bridge.call(_close_pool, writing)
                await bridge.call(_close_pool, pool)


class _AtHand:
    """A connection that is kept out of its pool between two calls: to take it out and to put it back takes as many
    turns of the asyncio side as the statement, and each of them waits for the interpreter while trio is busy.
    """

    def __init__(self) -> None:
        self._connection: PoolConnectionProxy | None = None

    def take(self) -> PoolConnectionProxy | None:
        """The connection, if nobody else has it. It may be over."""
        connection, self._connection = self._connection, None
        return connection

    def keep(self, connection: PoolConnectionProxy) -> bool:
        """Have it at hand; False: there is one already, or this one is over."""
        if self._connection is not None or connection.is_closed():
            return False
        self._connection = connection
        return True


async def _with_connection(
    pool: asyncpg.Pool, at_hand: _AtHand | None, work: Callable[[Connection], Awaitable[T]]
) -> T:
    # one timer for all of it: the driver's own are one for each statement
    async with asyncio.timeout(ACQUIRE_TIMEOUT) as limit:
        try:
            connection = await _take(pool, at_hand)
            well = False
            try:
                limit.reschedule(asyncio.get_running_loop().time() + STATEMENT_TIMEOUT)
                result = await work(connection)
                well = True
            finally:
                if not (well and at_hand is not None and at_hand.keep(connection)):
                    await _give_back(pool, connection)
            return result
        finally:
            del limit  # it holds the task, which holds what cancelled it, which holds this frame: a circle


async def _take(pool: asyncpg.Pool, at_hand: _AtHand | None) -> PoolConnectionProxy:
    connection = None if at_hand is None else at_hand.take()
    if connection is not None and not connection.is_closed():
        return connection
    if connection is not None:
        await _give_back(pool, connection)
    return await pool.acquire()


async def _give_back(pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
    with suppress(*OUTAGES):  # it is cut then, and what came of the work is known already
        await pool.release(connection, timeout=UNWIND_TIMEOUT)


async def _in_transaction(
    first: str | None, work: Callable[[Connection], Awaitable[T]], connection: Connection
) -> T:
    try:
        await connection.execute("BEGIN;" if first is None else f"BEGIN; {first}")
        result = await work(connection)
    except BaseException:
        # whoever was cancelled, or has seen a statement take too long, is not to be kept by the same server once more
        watchdog = asyncio.get_running_loop().call_later(UNWIND_TIMEOUT, connection.terminate)
        try:
            with suppress(*OUTAGES):  # the cause is on its way already
                await connection.execute("ROLLBACK;")
        finally:
            watchdog.cancel()
        raise
    await connection.execute("COMMIT;")
    return result


async def _keep(connection: Connection) -> None:
    """What a connection has when it goes back into the pool.

    The driver rolls back what is open, and would ask Postgres to undo settings, listening and session locks with
    every call; nobody here uses any.
    """


async def _create_pool(dsn: str, min_size: int, max_size: int, settings: Mapping[str, str]) -> asyncpg.Pool:
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=CONNECT_TIMEOUT,
            reset=_keep,
            server_settings={
                **settings,
                "application_name": "arena",
                "idle_in_transaction_session_timeout": str(round(IDLE_IN_TRANSACTION_TIMEOUT * 1000)),
            },
        )
    except asyncpg.PostgresError as error:
        raise refused(error) from error


def refused(error: asyncpg.PostgresError) -> DatabaseUnavailable:
    """No such database, a wrong password: to whoever connects, there is no database."""
    return DatabaseUnavailable(f"Postgres refuses the connection: {error}")


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
