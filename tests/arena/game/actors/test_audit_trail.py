"""Entries of the audit log reach it, at once or after an outage, each of them once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from arena.game import audit_trail
from arena.game.audit_trail import AuditTrail
from arena.problems import Problem
from arena.store import audit
from persistence import Change, Database, Journal, Write, open_database


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[Database]:
    async with open_database(postgres, max_size=2) as opened:
        yield opened


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "PATIENCE", 0.05)


def entry(number: int) -> Write:
    return audit.record("a wallet", "actor.restart", "/game", {"number": number})


async def written(database: Database) -> list[object]:
    """What the log has, the oldest first."""
    return [entry.detail["number"] for entry in reversed(await audit.newest(database))]


async def test_an_entry_is_durable_when_append_returns(
    database: Database, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "PATIENCE", 5)
    journal = Journal(database)
    nursery.start_soon(journal.run)
    assert await AuditTrail(journal).append(entry(1)) is True
    assert await written(database) == [1]


async def test_what_cannot_be_written_in_time_is_written_later_in_order(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database)  # it does not run
    trail = AuditTrail(journal)
    for number in range(3):
        assert await trail.append(entry(number)) is False
    assert (trail.kept, await written(database)) == (3, [])
    nursery.start_soon(journal.run)
    await trail.flush()
    assert (trail.kept, await written(database)) == (0, [0, 1, 2])
    await trail.flush()
    assert await written(database) == [0, 1, 2]


async def test_an_entry_that_had_been_written_after_all_is_not_written_twice(
    database: Database, nursery: trio.Nursery
) -> None:
    journal = Journal(database)
    trail = AuditTrail(journal)
    both = entry(1)
    await trail.append(both)
    nursery.start_soon(journal.run)
    await journal.commit(Change(writes=(both,)))
    await trail.flush()
    assert (trail.kept, await written(database)) == (0, [1])


async def test_a_journal_that_ends_meanwhile_keeps_the_entry(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "PATIENCE", 5)
    journal = Journal(database)
    trail = AuditTrail(journal)
    recorded: list[bool] = []

    async def append() -> None:
        recorded.append(await trail.append(entry(1)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(append)
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as scope:
            scope.cancel()
            await journal.run()
    assert (recorded, trail.kept) == ([False], 1)


async def test_there_is_a_limit_to_what_is_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "CAPACITY", 2)
    trail = AuditTrail(Journal(database))
    for number in range(2):
        await trail.append(entry(number))
    with pytest.raises(Problem, match="audit_unavailable"):
        await trail.append(entry(3))
    assert trail.kept == 2
