"""Reading the lobby and the leaderboard over HTTP, ours and FastAPI on uvicorn. `python -m benchmarks.reads`.

Both answer the same JSON from the same rows, over connections that are kept. The sides take turns on the same core; the
load generator and Postgres have the others.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import Final

import trio

from benchmarks.harness import cores, httpload, report
from benchmarks.harness.httpload import Answered, Get
from benchmarks.harness.process import Server
from benchmarks.harness.sides import FASTAPI, all_running, available
from benchmarks.reads.rows import fill
from persistence import EmbeddedPostgres

SIDES: Final = {"ours": "benchmarks.reads.on_gateway", FASTAPI: "benchmarks.reads.on_uvicorn"}
READS: Final = {
    "lobby": "/api/v1/bots?status=open&sort=pot",
    "leaderboard": "/api/v1/leaderboard/solvers",
}
CONNECTIONS: Final = (1, 50)


def sides() -> dict[str, str]:
    """The modules of the sides that can run here, by name."""
    return available(SIDES, "trio", "quart", "pydantic", "asyncpg")


def run(connections: Sequence[int], rounds: int, seconds: float) -> None:
    """Measure all sides and print tables."""
    here = cores.split()
    if not here.are_apart:
        print("one core for server, Postgres and load generator: the figures say little")
    with serving(here) as servers:
        compare(servers, here, connections, rounds, seconds)


def compare(
    servers: Mapping[str, Server],
    here: cores.Cores,
    connections: Sequence[int],
    rounds: int,
    seconds: float,
    warm_up: float = 0.5,
) -> None:
    """Print a table for each read, whether it has changed or not, and each number of connections."""
    for (read, path), status, count in product(READS.items(), (200, 304), connections):
        get = Get(path, status=status, connections=count, seconds=seconds, warm_up=warm_up)
        sides = {name: partial(_measure, server, get, here.others) for name, server in servers.items()}
        print(f"\n{read}, {status}, {count} connections; medians of {rounds} runs of {seconds:g} s\n")
        runs = report.interleaved(sides, rounds)
        print(report.comparison(runs, "request", "bytes", lambda one: one.bytes / max(one.answers, 1)))


@contextmanager
def serving(here: cores.Cores) -> Iterator[dict[str, Server]]:
    """Postgres with rows in it, and the servers that read them, by name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = EmbeddedPostgres(folder / "postgres")
        stack.callback(postgres.stop)
        with cores.pinned(here.others):
            dsn = postgres.start()
            trio.run(fill, dsn)
        yield stack.enter_context(all_running(sides(), dsn, str(folder / "arena"), cores=here.server))


def _measure(server: Server, get: Get, on: frozenset[int]) -> Answered:
    if get.status == 304:
        get = replace(get, header=f"If-None-Match: {tag(server, get.path)}")
    return httpload.run(server, get, cores=on)


def tag(server: Server, path: str) -> str:
    """The ETag of what is there now."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path)
        found = connection.getresponse().headers["ETag"]
        assert found is not None
        return found
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    chosen = parser.parse_args()
    run(chosen.connections, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
