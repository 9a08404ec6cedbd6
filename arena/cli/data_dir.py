"""One arena per data directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataDirInUse(Exception):
    """Another arena runs on the directory."""


@contextmanager
def hold_data_dir(path: Path) -> Iterator[None]:
    """Hold the directory's lock, which the kernel lets go when the process ends, however it ends.

    Raises:
        DataDirInUse: somebody else holds it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (path / "arena.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(32).strip() or "?"
            raise DataDirInUse(
                f"{path} is used by another arena (process {holder}): stop it, or set ARENA_DATA_DIR"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
