"""A lock that Postgres lets go when its holder is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import trio

from persistence.bridge import ThreadBridge
from persistence.database import CONNECT_TIMEOUT, OUTAGES, DatabaseUnavailable, refused

CHECK_INTERVAL = 1.0
CHECK_TIMEOUT = 5.0
TAKE_TIMEOUT = 3.0
"""How long to try: the connection of a holder that was killed takes a few milliseconds to go."""


class LockHeld(Exception):
    """Somebody else holds the lock."""


class HeldLock:
    """A lock that is held; `lost` is set when it no longer can be counted on."""

    def __init__(self) -> None:
        self.lost = trio.Event()


@asynccontextmanager
async def hold_lock(dsn: str, key: int) -> AsyncIterator[HeldLock]:
    """Hold the session advisory lock `key`, a signed 64-bit number, on a connection of its own.

    Raises:
        LockHeld: somebody else holds it.
        DatabaseUnavailable: Postgres cannot be reached.
    """
    async with ThreadBridge() as bridge:
        try:
            connection = await bridge.call(_connect, dsn)
            taken = await _take(bridge, connection, key)
        except OUTAGES as error:
            raise DatabaseUnavailable(f"the database is unavailable: {error}") from error
        if not taken:
            raise LockHeld(f"the lock {key} is held by somebody else")
        lock = HeldLock()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, bridge, connection, lock)
            try:
                yield lock
            finally:
                nursery.cancel_scope.cancel()
                with trio.CancelScope(shield=True):
                    await bridge.call(_terminate, connection)


async def _take(bridge: ThreadBridge, connection: asyncpg.Connection, key: int) -> bool:
    with trio.move_on_after(TAKE_TIMEOUT):
        while True:
            if await bridge.call(connection.fetchval, "select pg_try_advisory_lock($1)", key):
                return True
            await trio.sleep(0.1)
    await bridge.call(_terminate, connection)
    return False


async def _watch(bridge: ThreadBridge, connection: asyncpg.Connection, lock: HeldLock) -> None:
    try:
        while True:
            await trio.sleep(CHECK_INTERVAL)
            with trio.fail_after(CHECK_TIMEOUT):
                await bridge.call(connection.fetchval, "select 1")
    except OUTAGES + (trio.TooSlowError,):  # noqa: RUF005 (a type checker cannot follow the other form)
        lock.lost.set()


async def _connect(dsn: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT)
    except asyncpg.PostgresError as error:
        raise refused(error) from error


async def _terminate(connection: asyncpg.Connection) -> None:
    connection.terminate()
