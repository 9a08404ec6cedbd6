"""The whole way of a chat message through one process, ours and the same on other servers. `python -m benchmarks.chat`.

websocket in → decode and check → a session's mailbox → a bot's mailbox → encode the reply → websocket out. The sides
take turns on the same core; the load generator has the others.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Final

from benchmarks.chat.exchange import PAYLOAD
from benchmarks.harness import cores, load, report
from benchmarks.harness.load import Clients, Load
from benchmarks.harness.sides import FASTAPI, all_running, available

SIDES: Final = {
    "ours": "benchmarks.chat.on_gateway",
    FASTAPI: "benchmarks.chat.on_uvicorn",
    "ours on Quart, hypercorn": "benchmarks.chat.on_hypercorn",
}
CONNECTIONS: Final = (1, 50, 500)


def sides() -> dict[str, str]:
    """The modules of the sides that can run here, by name."""
    return available(SIDES, "trio", "hypercorn", "pydantic")


def run(connections: Sequence[int], rounds: int, seconds: float, warm_up: float = 1.0) -> None:
    """Measure all sides and print tables."""
    here = cores.split()
    if not here.are_apart:
        print("one core for server and load generator: the figures say little")
    with all_running(sides(), cores=here.server) as servers:
        for count in connections:
            said = Load(PAYLOAD, seconds=seconds, warm_up=warm_up)
            measures = {
                name: partial(load.run, server, Clients(count), said, cores=here.others)
                for name, server in servers.items()
            }
            runs = report.interleaved(measures, rounds)
            print(
                f"\n{count} connections, a message at a time on each; medians of {rounds} runs of {seconds:g} s\n"
            )
            print(report.comparison(runs, "message", "max ms", lambda one: one.max / 1000))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    chosen = parser.parse_args()
    run(chosen.connections, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
