"""What memory costs on this machine just now: `python -m benchmarks.harness.memory`.

A server's code and state are megabytes, most of which it reads again only at the next message. On a virtual machine
others share the processor's caches, and what was not read for some milliseconds may be gone from them.
"""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.harness import report
from benchmarks.harness.cores import Cores, pinned, split
from benchmarks.harness.native import compiled

SOURCE: Final = Path(__file__).with_name("memory.c")
KIB: Final = (64, 256, 1024, 4096)
RESTS: Final = (0.0, 0.001, 0.02)
"""Seconds."""


def walk(kib: int, rest: float, here: Cores, *, rounds: int = 100) -> float:
    """Microseconds of the server's core to read so much memory once, after each of so many rests: the median.

    Raises:
        NoCompiler: nothing here compiles C.
    """
    program = compiled(SOURCE)
    with pinned(here.server):
        said = subprocess.run(
            [program, str(kib), str(round(rest * 1e6)), str(rounds)],
            check=True,
            capture_output=True,
            text=True,
        )
    return statistics.median(map(float, said.stdout.split()))


def table(here: Cores, *, kib: Sequence[int] = KIB, rests: Sequence[float] = RESTS) -> str:
    """All of it, in microseconds."""
    heads = ["KiB", *(f"after {rest * 1000:g} ms" for rest in rests)]
    return report.table(heads, ([size, *(walk(size, rest, here) for rest in rests)] for size in kib))


if __name__ == "__main__":
    print("µs to read memory once, in no order, a line of the cache at a time:")
    print(table(split()))
