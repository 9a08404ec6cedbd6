"""The lock: one holder at a time, and a holder that lost it is told."""

import signal
from urllib.parse import urlsplit

import pytest
import trio

from persistence import Database, DatabaseUnavailable, LockHeld, hold_lock
from persistence import lock as lock_module
from tests.persistence.own_server import OwnServer
from tests.persistence.proxy import proxied

KEY = -(2**63)
"""The far end of the range: keys are signed."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "CHECK_INTERVAL", 0.02)
    monkeypatch.setattr(lock_module, "CHECK_TIMEOUT", 0.2)
    monkeypatch.setattr(lock_module, "TAKE_TIMEOUT", 0.3)


async def test_a_second_holder_is_refused_until_the_first_has_left(dsn: str, impatient: None) -> None:
    async with hold_lock(dsn, KEY):
        with pytest.raises(LockHeld, match=str(KEY)):
            async with hold_lock(dsn, KEY):
                pytest.fail("two hold the lock")
    async with hold_lock(dsn, KEY) as lock:
        assert not lock.lost.is_set()


async def test_other_keys_are_other_locks(dsn: str) -> None:
    async with hold_lock(dsn, 1), hold_lock(dsn, 2):
        pass


async def test_a_taker_waits_a_moment_for_a_holder_that_is_leaving(dsn: str) -> None:
    async with trio.open_nursery() as nursery:
        taken = trio.Event()
        leave = trio.Event()

        async def leaving() -> None:
            async with hold_lock(dsn, KEY):
                taken.set()
                await leave.wait()

        nursery.start_soon(leaving)
        await taken.wait()
        nursery.start_soon(_later, leave)
        async with hold_lock(dsn, KEY):
            assert leave.is_set()


async def _later(event: trio.Event) -> None:
    await trio.sleep(0.2)
    event.set()


async def test_a_holder_whose_connection_is_ended_is_told(
    dsn: str, database: Database, impatient: None
) -> None:
    async with hold_lock(dsn, KEY) as lock:
        await database.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
        with trio.fail_after(5):
            await lock.lost.wait()


async def test_a_holder_whose_server_is_killed_is_told(own_server: OwnServer, impatient: None) -> None:
    async with hold_lock(own_server.dsn, KEY) as lock:
        own_server.kill(signal.SIGKILL)
        with trio.fail_after(5):
            await lock.lost.wait()


async def test_a_holder_whose_server_no_longer_answers_is_told_and_can_leave(
    dsn: str, impatient: None
) -> None:
    async with proxied(dsn) as proxy:
        with trio.fail_after(5):
            async with hold_lock(proxy.dsn, KEY) as lock:
                proxy.stalled = True
                await lock.lost.wait()


async def test_a_server_that_cannot_be_reached_is_an_outage() -> None:
    with pytest.raises(DatabaseUnavailable):
        async with hold_lock("postgresql://postgres@127.0.0.1:1/postgres", KEY):
            pytest.fail("there is no server")


async def test_a_database_that_does_not_exist_is_an_outage(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        async with hold_lock(urlsplit(dsn)._replace(path="/nowhere").geturl(), KEY):
            pytest.fail("there is no database")


async def test_an_error_of_the_holder_lets_the_lock_go(dsn: str) -> None:
    with pytest.RaisesGroup(ValueError):
        async with hold_lock(dsn, KEY):
            raise ValueError
    async with hold_lock(dsn, KEY):
        pass
