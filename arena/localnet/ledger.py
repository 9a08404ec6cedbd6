"""The durable log of a local chain: append, group sync, compaction, one process at a time.

The directory holds one generation `ledger-N.log`. A compaction writes the state as it is into
`ledger-N+1.tmp`, adds what was appended meanwhile, syncs it, and renames it: whichever moment the process
dies at, the highest generation without `.tmp` is complete.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import trio

from arena.localnet.errors import DataDirectoryLocked, LedgerFailed
from arena.localnet.logfile import LogFile, Scan
from arena.localnet.records import Record, decode, encode


class Ledger:
    """Use `open_ledger`. All methods belong to the trio thread."""

    def __init__(self, directory: Path, lock: int, generation: int, log: LogFile, torn: int) -> None:
        self.torn = torn
        """bytes of a torn tail that were cut off at the start"""
        self.compacted_size = 0
        """what a compaction in this process last brought the file down to"""
        self._directory = directory
        self._lock = lock
        self._generation = generation
        self._log = log
        self._shadow: LogFile | None = None
        self._tail: list[bytes] | None = None
        self._count = 0
        self._synced = 0
        self._syncing = trio.Lock()
        self._failed: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the current generation."""
        return self._log.size

    def append(self, record: Record) -> None:
        """Write a record; it survives `kill -9` from now on, and a power cut after `sync`.

        Raises:
            OSError: no room; nothing was written.
            LedgerFailed: the log cannot be trusted any more; the process should end.
        """
        self._check()
        payload = encode(record)
        try:
            self._log.append(payload)
        except LedgerFailed as error:
            raise self._fail(str(error)) from error
        self._count += 1
        if self._tail is not None:
            self._tail.append(payload)
        if self._shadow is not None:
            try:
                self._shadow.append(payload)
            except (OSError, LedgerFailed) as error:  # the two generations would disagree
                raise self._fail(f"cannot write to {self._shadow.path}: {error}") from error

    async def sync(self) -> None:
        """Return when everything appended before this call is on the disk. Concurrent callers share one sync.

        Raises:
            LedgerFailed: the disk reported an error.
        """
        self._check()
        wanted = self._count
        while self._synced < wanted:
            async with self._syncing:
                self._check()
                if self._synced >= wanted:
                    break
                count = self._count
                try:
                    await trio.to_thread.run_sync(self._log.sync)
                except OSError as error:  # after a failed sync the page cache may have dropped the data
                    raise self._fail(f"cannot sync {self._log.path}: {error}") from error
                self._synced = count

    async def compact(self, state: Iterable[Record]) -> None:
        """Replace the log by `state`, which must be the state as of this call, safe to iterate in a thread,
        and whatever is appended while this runs.

        Raises:
            OSError: no room; the old generation stays in use.
            LedgerFailed: see `append`.
        """
        temporary = self._directory / f"ledger-{self._generation + 1}.tmp"
        self._tail = []
        fresh: LogFile | None = None
        try:
            fresh = await trio.to_thread.run_sync(_write_all, temporary, state)
            size = fresh.size
            async with self._syncing:
                for payload in self._tail:
                    fresh.append(payload)
                self._tail = None
                self._shadow = fresh
                with trio.CancelScope(shield=True):
                    await self._seal(fresh)
        finally:
            self._tail = None
            self._shadow = None
            if fresh is not None and fresh is not self._log:
                fresh.close()
            temporary.unlink(missing_ok=True)
        self.compacted_size = size

    async def _seal(self, fresh: LogFile) -> None:
        final = self._directory / f"ledger-{self._generation + 1}.log"

        def rename() -> None:
            fresh.sync()
            fresh.path.rename(final)
            _sync_directory(self._directory)

        try:
            await trio.to_thread.run_sync(rename)
        except OSError as error:
            if (
                final.exists()
            ):  # renamed, but the directory may not be on the disk: which one counts is unknown
                raise self._fail(f"cannot sync {self._directory}: {error}") from error
            raise
        self._check()  # a write to the shadow may have failed meanwhile
        old, self._log, self._shadow = self._log, fresh, None
        self._generation += 1
        fresh.path = final
        old.close()
        old.path.unlink(missing_ok=True)

    def close(self) -> None:
        self._log.close()
        os.close(self._lock)

    def _check(self) -> None:
        if self._failed is not None:
            raise LedgerFailed(self._failed)

    def _fail(self, reason: str) -> LedgerFailed:
        self._failed = reason
        return LedgerFailed(reason)


def open_ledger(directory: Path, replay: Callable[[Record], None]) -> Ledger:
    """Open (or create) the ledger in `directory` and give every record that it holds to `replay`, in order.
    Blocks.

    Raises:
        DataDirectoryLocked: another process has it open.
        LedgerCorrupt: it is damaged in a way that no crash explains.
        OSError: the directory cannot be used.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise DataDirectoryLocked(f"another local chain is using {directory}") from error
    try:
        for leftover in directory.glob("ledger-*.tmp"):
            leftover.unlink()
        generations = sorted(_generations(directory))
        for generation in generations[:-1]:
            (directory / f"ledger-{generation}.log").unlink()
        if not generations:
            return Ledger(directory, lock, 1, _first(directory), 0)
        generation = generations[-1]
        path = directory / f"ledger-{generation}.log"
        scan = Scan(path)
        for payload in scan:
            replay(decode(payload))
        log = LogFile.open(path, scan.end, scan.sequence)
        return Ledger(directory, lock, generation, log, scan.torn)
    except BaseException:
        os.close(lock)
        raise


def _first(directory: Path) -> LogFile:
    log = LogFile.create(directory / "ledger-1.log")
    _sync_directory(directory)
    return log


def _generations(directory: Path) -> Iterator[int]:
    for path in directory.glob("ledger-*.log"):
        number = path.stem.removeprefix("ledger-")
        if number.isdecimal():
            yield int(number)


def _write_all(path: Path, state: Iterable[Record]) -> LogFile:
    log = LogFile.create(path)
    try:
        for record in state:
            log.append(encode(record))
    except BaseException:
        log.close()
        path.unlink(missing_ok=True)
        raise
    return log


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
