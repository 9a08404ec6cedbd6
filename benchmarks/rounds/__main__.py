"""Whole rounds against the local chain: nothing is left out. `python -m benchmarks.rounds`.

How long a round takes is the chain's pace first: slots of 100 ms here, and 32 of them until something is final.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

import trio

from benchmarks.harness import cores, report
from benchmarks.harness.arena import arena
from benchmarks.rounds.playing import Played, play

HEADS: Final = (
    "rounds at once",
    "rounds",
    "rounds/min",
    "messages/s",
    "arena CPU ms a round",
    "opening s",
    "verdict s",
    "slowest verdict s",
    "payout s",
    "whole s",
)


async def rounds(url: str, at_once: int, each: int) -> tuple[list[Played], float]:
    """So many players at once, each so many rounds one after the other; and how long all took, in seconds."""
    played: list[Played] = []

    async def go_on() -> None:
        for _ in range(each):
            played.append(await play(url))

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(at_once):
            nursery.start_soon(go_on)
    return played, trio.current_time() - began


def run(at_once: Sequence[int], each: int) -> list[list[Played]]:
    """Play, and print a table."""
    here = cores.split()
    rows, all_played = [], []
    with arena(here) as running:
        url = f"http://127.0.0.1:{running.server.port}"
        for count in at_once:
            cpu = running.server.cpu_seconds()
            with cores.pinned(here.others):
                played, seconds = trio.run(rounds, url, count, each)
            cpu = running.server.cpu_seconds() - cpu
            all_played.append(played)
            verdicts = report.spread(verdict for one in played for verdict in one.verdicts)
            rows.append(
                [
                    str(count),
                    len(played),
                    len(played) / seconds * 60,
                    sum(len(one.verdicts) for one in played) / seconds,
                    cpu / len(played) * 1000,
                    report.spread(one.opening for one in played).median,
                    verdicts.median,
                    verdicts.high,
                    report.spread(one.payout for one in played).median,
                    report.spread(one.whole for one in played).median,
                ]
            )
    print(report.table(HEADS, rows))
    return all_played


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 24])
    parser.add_argument("--each", type=int, default=3, help="rounds of each, one after the other")
    given = parser.parse_args()
    run(given.at_once, given.each)
