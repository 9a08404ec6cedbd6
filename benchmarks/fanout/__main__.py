"""One broadcast to thousands of connections: how long until the last of them has it. `python -m benchmarks.fanout`.

Straight to the connections, ours and the same on FastAPI, in turns; there the time counts from the broadcast's
beginning. And through the lobby of a whole arena (`/ws/lobby`), where somebody begins to watch a bot and everybody in
the lobby is told. The lobby collects what changes for a moment, so there the time counts from the first connection that
has it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from websockets.sync.client import connect

from benchmarks.fanout.frame import MARK
from benchmarks.harness import report
from benchmarks.harness.arena import Arena, arena
from benchmarks.harness.cores import Cores, pinned, split
from benchmarks.harness.load import Clients, Held, holding
from benchmarks.harness.process import Server
from benchmarks.harness.sides import FASTAPI, all_running, available

SIDES: Final = {"ours": "benchmarks.fanout.on_gateway", FASTAPI: "benchmarks.fanout.on_uvicorn"}
CONNECTIONS: Final = (1000, 5000)
PAUSE: Final = 0.1
"""Seconds before a broadcast: whoever had the last one is done with it."""
QUIET: Final = 1.5
"""Seconds in which the lobby has told all there was to tell."""
LOBBY: Final = ("/ws/lobby",)


@dataclass(frozen=True, slots=True)
class Took:
    """One broadcast straight to the connections.

    Attributes:
        milliseconds: from its beginning until the last connection has it.
        server_cpu: microseconds of a processor, a connection.
    """

    milliseconds: float
    server_cpu: float


def sides() -> dict[str, str]:
    """The modules of the sides that can run here, by name."""
    return available(SIDES, "trio")


def straight(
    servers: Mapping[str, Server], connections: int, rounds: int, cores: Cores
) -> dict[str, list[Took]]:
    """The broadcasts of all sides, one of each a round. All connections are open all the time."""
    with ExitStack() as stack:
        broadcasts = {
            name: stack.enter_context(broadcasting(server, connections, cores))
            for name, server in servers.items()
        }
        report.interleaved(broadcasts, 1)  # the first one makes what the others find
        return report.interleaved(broadcasts, rounds)


@contextmanager
def broadcasting(server: Server, connections: int, cores: Cores) -> Iterator[Callable[[], Took]]:
    """Open the connections, and one more, by which a call begins a broadcast."""
    clients = Clients(connections, source_addresses=4)
    with (
        holding(server, clients, cores=cores.others, mark=MARK) as held,
        connect(f"ws://127.0.0.1:{server.port}/", compression=None) as speaker,
    ):

        def broadcast() -> Took:
            time.sleep(PAUSE)
            before = server.cpu_seconds()
            speaker.send("Hear, hear!")
            got = held.next_broadcast()
            cpu = server.cpu_seconds() - before
            speaker.recv()
            return Took((got.last_ns - got.number) / 1e6, cpu * 1e6 / connections)

        yield broadcast


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
    rows: list[Sequence[object]] = []
    with pinned(cores.others):  # we speak and hear, too
        with all_running(sides(), cores=cores.server) as servers:
            for count in connections:
                rows += compared(count, straight(servers, count, rounds, cores))
        with arena(cores) as whole:
            for count in connections:
                others = count - 1  # that are not signed in there is a limit, and the spectator is one
                took = through_lobby(whole, others, rounds, cores)
                rows.append(["through the lobby of an arena", others, took, "", "", ""])
    heads = ["", "connections", "ms", "ours to it", "CPU µs a connection", "ours to it"]
    print(f"\nOne broadcast until the last connection has it; medians of {rounds}, and the range\n")
    print(report.table(heads, rows))


def compared(connections: int, runs: Mapping[str, Sequence[Took]]) -> Iterator[Sequence[object]]:
    """Rows about the sides, and ours, which is the first, as so many times theirs, round by round."""
    ours, *_ = runs.values()
    for name, side in runs.items():
        row: list[object] = [f"straight, {name}", connections]
        for figure in (attrgetter("milliseconds"), attrgetter("server_cpu")):
            mine, its = list(map(figure, ours)), list(map(figure, side))
            row += [report.spread(its), "" if side is ours else report.ratios(mine, its)]
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    run(chosen.connections, chosen.rounds)


if __name__ == "__main__":
    main()
