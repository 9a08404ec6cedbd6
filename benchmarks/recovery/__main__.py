"""How long an arena with a past takes to be ready, and to take up everything. `python -m benchmarks.recovery`.

Ready is when clients are let in. Bots are woken after that: those with something to do first, and whoever is asked for
at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.harness import report
from benchmarks.recovery.history import MESSAGES, SESSIONS_OF_A_BOT
from benchmarks.recovery.run import Recovery, past

TIMEOUT: Final = 600.0
MIB: Final = 2**20


def run(bots: int, unjudged: int, rounds: int) -> list[Recovery]:
    """Start it several times, and print what it took. What was unjudged is only so the first time."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with past(Path(folder), bots=bots, unjudged=unjudged) as there:
            print(
                f"{bots:,} open bots, {bots * SESSIONS_OF_A_BOT:,} sessions, {bots * MESSAGES:,} messages, "
                f"{unjudged:,} of them unjudged; written in {time.monotonic() - began:.0f} s\n"
            )
            found = []
            for _ in range(rounds):
                found.append(there.recover(TIMEOUT))
                there.unjudged = 0
    print(report.table(_HEADS, [_row(number, one) for number, one in enumerate(found, 1)]))
    last = found[-1]
    grown = last.memory_awake.pss - last.memory_ready.pss
    print(f"\nmemory for each bot that is awake: {grown / bots / 1024:.1f} KiB")
    return found


_HEADS: Final = (
    "start",
    "ready s",
    "CPU s",
    "all judged s",
    "all awake s",
    "CPU s",
    "quote ms, median",
    "quote ms, longest",
    "MiB ready",
    "MiB awake",
)


def _row(number: int, one: Recovery) -> list[object]:
    quotes = report.spread(seconds * 1000 for seconds in one.quotes)
    return [
        str(number),
        one.ready,
        one.cpu_ready,
        one.judged,
        one.awake,
        one.cpu_awake,
        quotes.median,
        quotes.high,
        one.memory_ready.pss / MIB,
        one.memory_awake.pss / MIB,
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bots", type=int, default=10_000)
    parser.add_argument("--unjudged", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    run(given.bots, given.unjudged, given.rounds)
