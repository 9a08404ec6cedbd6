"""One broadcast to thousands of connections: how long until the last of them has it. `python -m benchmarks.fanout`.

Straight to the connections, where the time counts from the broadcast's beginning; and through the lobby of a whole
arena (`/ws/lobby`), where somebody begins to watch a bot and everybody in the lobby is told. The lobby collects what
changes for a moment, so there the time counts from the first connection that has it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Final

from websockets.sync.client import connect

from benchmarks.fanout.on_gateway import MARK
from benchmarks.harness import report
from benchmarks.harness.arena import Arena, arena
from benchmarks.harness.cores import Cores, split
from benchmarks.harness.load import Clients, Held, holding
from benchmarks.harness.process import Server, python, running

CONNECTIONS: Final = (1000, 5000)
QUIET: Final = 1.5
"""Seconds in which the lobby has told all there was to tell."""
LOBBY: Final = ("/ws/lobby",)


def straight(server: Server, connections: int, rounds: int, cores: Cores) -> report.Spread:
    """Milliseconds from the beginning of a broadcast until the last connection has it."""
    with holding(server, Clients(connections, source_addresses=4), cores=cores.others, mark=MARK) as held:
        all_there = time.monotonic_ns()
        took: list[float] = []
        while len(took) < rounds:
            got = held.next_broadcast()
            if got.number > all_there:
                took.append((got.last_ns - got.number) / 1e6)
        return report.spread(took)


def through_lobby(running: Arena, connections: int, rounds: int, cores: Cores) -> report.Spread:
    """Milliseconds from the first to the last connection that hears of a spectator's coming or going."""
    url = f"ws://127.0.0.1:{running.server.port}/ws/bots/{running.bot_id}"
    clients = Clients(connections, LOBBY, greeting='"type":"lobby"', source_addresses=4)
    mark = f'"bot_id":"{running.bot_id}","players":0,"watching":'
    took: list[float] = []
    with holding(running.server, clients, cores=cores.others, mark=mark) as held:
        time.sleep(QUIET)  # news of the bot's opening have other frames
        while len(took) < rounds:
            with connect(url, compression=None):
                took.append(_spread(held, watching=1))
            took.append(_spread(held, watching=0))
    return report.spread(took)


def _spread(held: Held, watching: int) -> float:
    while (got := held.next_broadcast()).number != watching:
        pass  # what was under way when the last connection opened
    return (got.last_ns - got.first_ns) / 1e6


def run(connections: Sequence[int], rounds: int) -> None:
    """Measure both and print a table."""
    cores = split()
    rows: list[tuple[str, int, report.Spread, float]] = []

    def add(what: str, count: int, took: report.Spread) -> None:
        rows.append((what, count, took, took.median * 1000 / count))

    with running(python("benchmarks.fanout.on_gateway"), cores=cores.server) as server:
        for count in connections:
            add("straight to the connections", count, straight(server, count, rounds, cores))
    with arena(cores) as whole:
        for count in connections:
            others = count - 1  # that are not signed in there is a limit, and the spectator is one
            add("through the lobby of an arena", others, through_lobby(whole, others, rounds, cores))
    print(f"\nOne broadcast until the last connection has it; medians of {rounds}, and the range\n")
    print(report.table(["", "connections", "ms", "µs a connection"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    run(chosen.connections, chosen.rounds)


if __name__ == "__main__":
    main()
