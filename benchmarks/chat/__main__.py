"""The whole way of a chat message through one process, ours and the same on other servers. `python -m benchmarks.chat`.

websocket in → decode and check → a session's mailbox → a bot's mailbox → encode the reply → websocket out. The sides
take turns on the same core; the load generator has the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from operator import attrgetter
from typing import Final

from benchmarks.chat.exchange import PAYLOAD
from benchmarks.harness import cores, load, report
from benchmarks.harness.load import Clients, Load, Measured
from benchmarks.harness.process import Server, running

SIDES: Final = {
    "ours": "benchmarks.chat.on_gateway",
    "FastAPI, uvicorn": "benchmarks.chat.on_uvicorn",
    "ours on Quart, hypercorn": "benchmarks.chat.on_hypercorn",
}
NEEDED: Final = ("fastapi", "uvicorn", "uvloop", "httptools")
CONNECTIONS: Final = (1, 50, 500)


def sides() -> dict[str, str]:
    """The modules of the sides that can run here, by name."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        print(f"FastAPI is left out, {', '.join(missing)} are missing: `make bench` installs them")
        return {name: module for name, module in SIDES.items() if module != "benchmarks.chat.on_uvicorn"}
    print(", ".join(f"{name} {version(name)}" for name in (*NEEDED, "trio", "hypercorn", "pydantic")))
    return dict(SIDES)


def run(connections: Sequence[int], rounds: int, seconds: float, warm_up: float = 1.0) -> None:
    """Measure all sides and print tables."""
    here = cores.split()
    if not here.are_apart:
        print("one core for server and load generator: the figures say little")
    modules = sides()
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(running(partial(_command, module), cores=here.server))
            for name, module in modules.items()
        }
        for count in connections:
            said = Load(PAYLOAD, seconds=seconds, warm_up=warm_up)
            runs = report.interleaved(
                {
                    name: partial(_measure, server, count, said, here.others)
                    for name, server in servers.items()
                },
                rounds,
            )
            print(
                f"\n{count} connections, a message at a time on each; medians of {rounds} runs of {seconds:g} s\n"
            )
            print(table(runs))


def _command(module: str, port: int) -> list[str]:
    return [sys.executable, "-m", module, str(port)]


def _measure(server: Server, connections: int, said: Load, on: frozenset[int]) -> Measured:
    return load.run(server, Clients(connections), said, cores=on)


def table(runs: Mapping[str, Sequence[Measured]]) -> str:
    """The sides' medians, and ours as so many times theirs, run by run."""

    def median(side: Sequence[Measured], what: Callable[[Measured], float]) -> float:
        return statistics.median(map(what, side))

    ours, *_ = runs.values()
    heads = [
        *("", "messages/s", "ours to it", "CPU µs a message", "ours to it"),
        *("p50 ms", "p99 ms", "max ms", "generator's core"),
    ]
    rows = []
    for name, side in runs.items():
        rates = report.ratios([one.rate for one in ours], [one.rate for one in side])
        costs = report.ratios([one.server_cpu for one in ours], [one.server_cpu for one in side])
        latencies = (median(side, attrgetter(which)) / 1000 for which in ("p50", "p99", "max"))
        share = f"{median(side, attrgetter('own_share')):.0%}"
        rows.append(
            [
                name,
                round(median(side, attrgetter("rate"))),
                "" if side is ours else rates,
                median(side, attrgetter("server_cpu")),
                "" if side is ours else costs,
                *latencies,
                share,
            ]
        )
    return report.table(heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    chosen = parser.parse_args()
    run(chosen.connections, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
