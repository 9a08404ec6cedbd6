"""The journal: the single writer of actor state. It commits what is queued in one transaction and then says so.

A caller's `commit` returns after Postgres has acknowledged, so nobody is told anything that a crash could take
back. The cost of a commit is shared by all that were queued while the one before was under way.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Never
from uuid import UUID, uuid4

import asyncpg
import outcome
import trio
from trio.lowlevel import Abort, RaiseCancelT, Task

from actors import WOKEN, StaleSnapshot
from persistence.batch import at_once, write_batch
from persistence.database import Connection, Database, DatabaseUnavailable
from persistence.statement import Change, ChangeRejected, WriteConflict

logger = logging.getLogger("persistence.journal")

PAUSE_INITIAL = 0.05
PAUSE_MAX = 2.0
GATHER = 0.004
"""Seconds from the beginning of a batch of several changes to that of the next: a transaction costs more than a change,
so those who are many wait a moment for each other. Who is alone never waits.
"""
TIDY_EVERY = 1000
"""Batches between two times that old ones are forgotten, and plans are made anew."""
KEEP_BATCHES = "1 hour"

_PASSING: tuple[type[asyncpg.PostgresError], ...] = (
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
"""Refusals that have nothing to do with the rows, such as a deadlock, a full disk or a password that was changed."""


class JournalClosed(Exception):
    """The journal has ended. What was queued may or may not have been written."""


@dataclass(slots=True)
class JournalStats:
    """How the journal is.

    Attributes:
        queued: changes that wait or are being written.
        available: the last attempt to write reached Postgres.
        last_commit_seconds: how long the last batch took.
    """

    queued: int = 0
    batches: int = 0
    changes: int = 0
    available: bool = True
    last_commit_seconds: float = 0.0


class _Waiting:
    """A change whose committer waits: made for one task switch and nothing else, as there are thousands a second.

    Args:
        withdraw: takes it out of the queue if it is still there; whether it was.
    """

    __slots__ = ("_leave", "_let_go", "_task", "_withdraw", "change", "done", "error")

    def __init__(self, change: Change, withdraw: Callable[[_Waiting], bool]) -> None:
        self.change = change
        self.done = False
        self.error: Exception | None = None
        self._withdraw = withdraw
        self._task: Task | None = None
        self._let_go = False
        self._leave: RaiseCancelT | None = (
            None  # the committer was cancelled while the change was being written
        )

    async def wait(self) -> None:
        """Until it is done, or the committer is cancelled and may leave."""
        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, raise_cancel: RaiseCancelT) -> Abort:
        if self._withdraw(self) or self._let_go:
            self._task = None
            return Abort.SUCCEEDED
        self._leave = raise_cancel
        return Abort.FAILED

    def let_go(self) -> None:
        """Nobody knows when it is done: from now on a cancelled committer need not wait for it."""
        self._let_go = True
        if self._leave is not None:
            self._resume(outcome.capture(self._leave))

    def end(self, error: Exception | None = None) -> None:
        """It is done."""
        self.done = True
        self.error = error
        self._resume(WOKEN)

    def _resume(self, result: outcome.Outcome[None]) -> None:
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task, result)


class Journal:
    """Collects changes and writes them in batches.

    Args:
        max_queued: changes that may wait; further committers wait for room.
        max_batch: changes in one transaction.
    """

    def __init__(self, database: Database, *, max_queued: int = 4096, max_batch: int = 512) -> None:
        self._database = database
        self._max_queued = max_queued
        self._room = trio.lowlevel.ParkingLot()
        self._max_batch = max_batch
        self._queue: OrderedDict[_Waiting, None] = OrderedDict()
        self._wake = trio.Event()
        self._running = False
        self._gather_until = 0.0
        self._untidied = TIDY_EVERY
        self.stats = JournalStats()

    async def commit(self, change: Change) -> None:
        """Write `change`; it is durable when this returns.

        In an outage of Postgres this waits until it is over. A caller that is cancelled takes its change out of the
        queue. If it is being written by then, the caller still learns what came of it, unless Postgres goes away:
        then it is let go, and its change may or may not be written.

        Raises:
            StaleSnapshot: another activation of the actor wrote since this one read.
            WriteConflict: a row was not in the state that the statement demands.
            ChangeRejected: Postgres refuses the rows.
            JournalClosed: the journal ended meanwhile.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self.stats.queued < self._max_queued:
            self.stats.queued += 1
        else:
            await self._room.park()  # whoever leaves hands on their place
        waiting = _Waiting(change, self._withdraw)
        self._queue[waiting] = None
        self._wake.set()
        try:
            await waiting.wait()
        finally:
            if not self._room.unpark():
                self.stats.queued -= 1
        if waiting.error is not None:
            raise waiting.error

    async def run(self) -> Never:
        """Write until cancelled; a batch that is under way is finished first."""
        if self._running:
            raise RuntimeError("the journal runs already")
        self._running = True
        try:
            while True:
                await self._wait_for_work()
                if trio.current_time() < self._gather_until:
                    await trio.sleep_until(self._gather_until)
                size = min(len(self._queue), self._max_batch)
                batch = [self._queue.popitem(last=False)[0] for _ in range(size)]
                self._gather_until = trio.current_time() + (GATHER if size > 1 else 0.0)
                await self._write(batch)
                if self._untidied >= TIDY_EVERY:
                    await self._tidy()
        finally:
            self._running = False
            while self._queue:
                self._queue.popitem(last=False)[0].end(JournalClosed("the journal has ended"))

    def _withdraw(self, waiting: _Waiting) -> bool:
        if waiting not in self._queue:
            return False
        del self._queue[waiting]
        return True

    async def _wait_for_work(self) -> None:
        if self._queue:
            # others have their turn while a batch is written
            await trio.lowlevel.checkpoint_if_cancelled()
            return
        self._wake = trio.Event()
        await self._wake.wait()

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        """Write a batch, and split it until what does not fit stands alone."""
        todo = [batch]
        try:
            while todo:
                part = todo.pop()
                try:
                    await self._commit_once([waiting.change for waiting in part], batch)
                except (StaleSnapshot, WriteConflict, ChangeRejected) as error:
                    if len(part) > 1:
                        half = len(part) // 2
                        todo += [part[half:], part[:half]]
                        continue
                    part[0].end(error)
                else:
                    for waiting in part:
                        waiting.end()
        finally:
            for waiting in batch:
                if not waiting.done:
                    waiting.end(JournalClosed("the journal ended while it was writing"))

    async def _commit_once(self, changes: Sequence[Change], batch: Sequence[_Waiting]) -> None:
        """Write changes, a part of `batch`, in one transaction, exactly once, waiting through outages.

        When the answer to an attempt is lost, the next one finds out by the batch's id whether it was committed.
        """
        batch_id = uuid4()
        pause = PAUSE_INITIAL
        first = True
        while True:
            try:
                started = trio.current_time()
                with trio.CancelScope(shield=True):
                    if not (first and await self._write_at_once(batch_id, changes)):
                        await self._transact(batch_id, changes)
                self.stats.available = True
                self.stats.batches += 1
                self.stats.changes += len(changes)
                self._untidied += 1
                self.stats.last_commit_seconds = trio.current_time() - started
            except (StaleSnapshot, WriteConflict, ChangeRejected):
                self.stats.available = True
                raise
            except DatabaseUnavailable as error:
                if self.stats.available:
                    logger.warning("the journal waits for Postgres: %s", error)
                self.stats.available = False
                first = False
                for waiting in batch:
                    waiting.let_go()
                await trio.sleep(pause)
                pause = min(2 * pause, PAUSE_MAX)
            else:
                return

    async def _write_at_once(self, batch_id: UUID, changes: Sequence[Change]) -> bool:
        """Whether a single statement was enough, as it nearly always is. If not, nothing was written."""
        if (whole := at_once(batch_id, changes)) is None:
            return False
        sql, parameters = whole
        try:
            await self._database.writing.execute(sql, *parameters)
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            return False  # what is wrong with it is found out statement by statement
        return True

    async def _transact(self, batch_id: UUID, changes: Sequence[Change]) -> None:
        async def work(connection: Connection) -> None:
            await write_batch(connection, changes)

        try:
            # its id first: that waits for an earlier attempt which is still being committed
            begin = f"insert into journal_batches (id) values ('{batch_id}')"  # noqa: S608
            await self._database.writing.run(work, first=begin)
        except asyncpg.UniqueViolationError as error:
            if error.table_name != "journal_batches":
                raise ChangeRejected(str(error)) from error
            return  # the answer to an earlier attempt was lost; it was committed after all
        except _PASSING as error:
            raise DatabaseUnavailable(str(error)) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # also what the driver finds wrong with a value before it sends anything
            raise ChangeRejected(str(error)) from error

    async def _tidy(self) -> None:
        """Forget old batches, and the plans of statements: one that was made when a table was empty reads all of it."""
        try:
            await self._database.execute(
                "delete from journal_batches where created_at < now() - $1::text::interval", KEEP_BATCHES
            )
            await self._database.writing.execute("discard plans")
            self._untidied = 0
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            self._untidied //= 2
            logger.info("the record of batches is pruned later: %s", error)
