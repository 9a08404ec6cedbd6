"""What operators do, on its way into the audit log: at once, or in an outage when it is over."""

from __future__ import annotations

from collections import deque
from typing import Final

import structlog
import trio

from arena.problems import unavailable
from persistence import Change, ChangeRejected, Journal, JournalClosed, Write, WriteConflict

log = structlog.get_logger(__name__)

PATIENCE: Final = 2.0
"""Seconds that an operator waits for the entry of what is about to be done. When Postgres has it and does not answer,
the limits of `persistence.database` come on top."""
CAPACITY: Final = 256
"""Entries kept for later."""


class AuditTrail:
    """Writes entries of the audit log, and keeps those that cannot be written now.

    An operator has to be able to act most of all while something is broken, be it the database or the journal itself.
    So an entry that is not written in time does not prevent what it is about. What is kept is lost if the process ends
    before it is written; everything is in the structured log, too.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept: deque[Write] = deque()

    @property
    def kept(self) -> int:
        """How many entries wait to be written."""
        return len(self._kept)

    async def append(self, entry: Write) -> bool:
        """Write the entry, or keep it for `flush`. Whether it is durable when this returns.

        Raises:
            Problem: 503 `audit_unavailable`, so many are kept already that one more would be too many.
        """
        if len(self._kept) >= CAPACITY:
            raise unavailable("audit", "Too many entries of the audit log wait for the database.")
        with trio.move_on_after(PATIENCE):
            if await self._write(entry):
                return True
        self._kept.append(entry)
        log.warning("audit_postponed", kept=len(self._kept))
        return False

    async def flush(self) -> None:
        """Write what was kept, in order; waits through an outage. For one task alone."""
        while self._kept:
            try:
                if not await self._write(self._kept[0]):
                    return
            except ChangeRejected:
                log.exception("audit_entry_lost")
            self._kept.popleft()

    async def _write(self, entry: Write) -> bool:
        try:
            await self._journal.commit(Change(writes=(entry,)))
        except JournalClosed:
            return False
        except WriteConflict:
            # an attempt that was given up had reached the database after all
            return True
        return True
