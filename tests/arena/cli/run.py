"""Running a command as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import trio

_OURS = ("ARENA_", "SOLANA_", "DATABASE")


async def run(
    *arguments: str, cwd: Path, given: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """`arena …` in the folder `cwd`, with nothing of our own settings but `environment`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    root = str(Path(__file__).parents[3])
    with trio.fail_after(120):
        return await trio.run_process(
            [sys.executable, "-m", "arena", *arguments],
            cwd=cwd,
            env={**inherited, "PYTHONPATH": root, "ARENA_DATA_DIR": str(cwd / "data"), **environment},
            stdin=given.encode(),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
