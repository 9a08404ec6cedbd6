"""What connections cost that say nothing: memory, opening them, and having them. `python -m benchmarks.idle`.

A conversation that only listens, behind the gateway alone; `/ws/lobby` of a whole arena; and players in chats, each
with the actor of its session.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness import report
from benchmarks.harness.arena import arena
from benchmarks.harness.cores import Cores, split
from benchmarks.harness.load import Clients, holding
from benchmarks.harness.process import KIB, Server, python, running
from benchmarks.paid.world import Seat
from benchmarks.recovery.run import past

CONNECTIONS: Final = (5000,)
PLAYERS: Final = 1000
BOTS: Final = 20
SETTLE: Final = 2.0
"""Seconds after which what it took to open the connections is over."""
IDLE: Final = 3.0
"""Seconds in which the processor time of doing nothing is measured."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of connections that are idle.

    Attributes:
        memory: bytes of the server's proportional set, a connection.
        opening: connections opened a second.
        opening_cpu: the server's microseconds for opening one.
        idle_share: of a core, with all of them open.
    """

    connections: int
    memory: float
    opening: float
    opening_cpu: float
    idle_share: float


def cost(server: Server, clients: Clients, cores: Cores, settle: float = SETTLE, idle: float = IDLE) -> Cost:
    """Open them, leave them alone, look."""
    before = server.memory()
    with holding(server, clients, cores=cores.others) as held:
        time.sleep(settle)
        after = server.memory()
        begun = server.cpu_seconds()
        time.sleep(idle)
        idle_cpu = server.cpu_seconds() - begun
    count = clients.connections
    return Cost(
        connections=count,
        memory=(after.pss - before.pss) / count,
        opening=count / held.opened.seconds,
        opening_cpu=held.opened.server_cpu * 1e6 / count,
        idle_share=idle_cpu / idle,
    )


def chats(seats: Sequence[Seat]) -> Clients:
    """Each player in his own."""
    return Clients(
        len(seats),
        [f"/ws/chats/{seat.session_id}" for seat in seats],
        headers=[f"Sec-WebSocket-Protocol: arena.v1, bearer.{seat.token}" for seat in seats],
        greeting='"type":"welcome"',
        source_addresses=4,
    )


def run(connections: Sequence[int]) -> None:
    """Measure all and print a table; each on a fresh server, as memory that was freed is not always given back."""
    cores = split()
    rows: list[tuple[object, ...]] = []

    def add(what: str, found: Cost) -> None:
        kib, share = found.memory / KIB, f"{found.idle_share:.1%}"
        rows.append((what, found.connections, kib, round(found.opening), found.opening_cpu, share))

    for count in connections:
        with running(python("benchmarks.idle.on_gateway"), cores=cores.server) as server:
            add("gateway alone", cost(server, Clients(count, source_addresses=4), cores))
        with arena(cores) as whole:
            lobby = Clients(count, ("/ws/lobby",), greeting='"type":"lobby"', source_addresses=4)
            add("/ws/lobby of an arena", cost(whole.server, lobby, cores))
        players = min(count, PLAYERS)
        with (
            tempfile.TemporaryDirectory() as folder,
            past(Path(folder), bots=BOTS, unjudged=0, seats=players) as there,
            there.arena() as server,
        ):
            add("a player in his chat", cost(server, chats(there.seats), cores))
    print("\nIdle connections\n")
    heads = ["", "connections", "KiB a connection (PSS)", "opened/s", "CPU µs to open", "core while idle"]
    print(report.table(heads, rows))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    run(parser.parse_args().connections)


if __name__ == "__main__":
    main()
