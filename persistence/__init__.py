"""Durable state in Postgres, from trio."""

from persistence.bridge import BridgeClosed, ThreadBridge
from persistence.database import Database, DatabaseUnavailable, open_database
from persistence.embedded import DataDirectoryLocked, EmbeddedPostgres, PostgresStartError
from persistence.journal import Journal, JournalClosed, JournalStats
from persistence.journal_actor import JournalActor
from persistence.lock import HeldLock, LockHeld, hold_lock
from persistence.migrations import MIGRATIONS, MigrationError, migrate
from persistence.process import spawn_bound_child
from persistence.snapshots import PostgresSnapshotStore
from persistence.statement import Change, ChangeRejected, Statement, Write, WriteConflict

__all__ = [
    "MIGRATIONS",
    "BridgeClosed",
    "Change",
    "ChangeRejected",
    "DataDirectoryLocked",
    "Database",
    "DatabaseUnavailable",
    "EmbeddedPostgres",
    "HeldLock",
    "Journal",
    "JournalActor",
    "JournalClosed",
    "JournalStats",
    "LockHeld",
    "MigrationError",
    "PostgresSnapshotStore",
    "PostgresStartError",
    "Statement",
    "ThreadBridge",
    "Write",
    "WriteConflict",
    "hold_lock",
    "migrate",
    "open_database",
    "spawn_bound_child",
]
