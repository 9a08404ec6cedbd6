"""One append-only file of checksummed frames.

A frame is a header (magic, length, checksum, sequence number, highest sequence number known to be on the disk
when it was written) and a payload. After a crash the file may end in a torn frame: it is cut off. But when a
later, whole frame says that the broken one had been on the disk, something promised is gone, and that is an
error, not a tail.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from arena.localnet.errors import LedgerCorrupt, LedgerFailed

_MAGIC = b"\xa7LN\x01"
_HEADER = struct.Struct("<4sIIQQ")  # magic, payload length, crc32 of all that follows, sequence, synced
_MAX_PAYLOAD = 256 * 1024 * 1024


class LogFile:
    """Open for appending. `append` is a plain write into the page cache, which already survives the death of
    the process; `sync` brings it to the disk, which survives the death of the machine."""

    def __init__(self, path: Path, descriptor: int, *, size: int, sequence: int) -> None:
        self.path = path
        self.size = size
        self.sequence = sequence
        self.synced = sequence
        self._descriptor = descriptor

    @classmethod
    def create(cls, path: Path) -> "LogFile":
        """A new, empty file; an old one at this path is overwritten."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        return cls(path, os.open(path, flags, 0o600), size=0, sequence=0)

    @classmethod
    def open(cls, path: Path, end: int, sequence: int) -> "LogFile":
        """Continue the file that `scan` has read, at the end that it found; a torn tail is cut off."""
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        if os.fstat(descriptor).st_size != end:
            os.ftruncate(descriptor, end)
        os.fsync(descriptor)
        return cls(path, descriptor, size=end, sequence=sequence)

    def append(self, payload: bytes) -> None:
        """Write one frame.

        Raises:
            OSError: the disk is full or failing; the file is as it was before.
            LedgerFailed: and it could not be brought back to that.
        """
        self.sequence += 1
        frame = memoryview(_frame(payload, self.sequence, self.synced))
        written = 0
        try:
            while written < len(frame):
                written += os.write(self._descriptor, frame[written:])
        except OSError:
            self.sequence -= 1
            try:
                os.ftruncate(self._descriptor, self.size)
            except OSError as error:
                raise LedgerFailed(f"cannot undo a partial write to {self.path}: {error}") from error
            raise
        self.size += len(frame)

    def sync(self) -> None:
        """Bring what was appended before this call to the disk. Blocks: call it in a thread."""
        sequence = self.sequence
        os.fdatasync(self._descriptor)
        self.synced = max(self.synced, sequence)

    def close(self) -> None:
        os.close(self._descriptor)


class Scan:
    """Iterates over the payloads of a file; afterwards `end` and `sequence` say where it ends, `torn` how
    many bytes after that are a torn tail.

    Raises:
        LedgerCorrupt: something before the tail is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end = 0
        self.sequence = 0
        self.torn = 0

    def __iter__(self) -> Iterator[bytes]:
        content = memoryview(self.path.read_bytes())
        while (frame := _frame_at(content, self.end)) is not None:
            payload, sequence, _ = frame
            if sequence != self.sequence + 1:
                raise LedgerCorrupt(f"{self.path}: frame {sequence} follows frame {self.sequence}")
            yield payload
            self.sequence = sequence
            self.end += _HEADER.size + len(payload)
        self.torn = len(content) - self.end
        if self.torn:
            self._check_tail(content)

    def _check_tail(self, content: memoryview) -> None:
        tail = bytes(content[self.end :])
        at = tail.find(_MAGIC, 1)
        while at >= 0:
            frame = _frame_at(content, self.end + at)
            if frame is not None and frame[2] > self.sequence:
                raise LedgerCorrupt(
                    f"{self.path}: damaged at byte {self.end}, before frames that were written after it"
                )
            at = tail.find(_MAGIC, at + 1)


def _frame(payload: bytes, sequence: int, synced: int) -> bytes:
    checked = struct.pack("<QQ", sequence, synced) + payload
    return struct.pack("<4sII", _MAGIC, len(payload), zlib.crc32(checked)) + checked


def _frame_at(content: memoryview, offset: int) -> tuple[bytes, int, int] | None:
    if offset + _HEADER.size > len(content):
        return None
    magic, length, checksum, sequence, synced = _HEADER.unpack_from(content, offset)
    end = offset + _HEADER.size + length
    if magic != _MAGIC or length > _MAX_PAYLOAD or end > len(content):
        return None
    if zlib.crc32(content[offset + 12 : end]) != checksum:
        return None
    return bytes(content[offset + _HEADER.size : end]), sequence, synced
