"""Reading the lobby and the leaderboard over HTTP, ours and FastAPI on uvicorn. `python -m benchmarks.reads`.

Both answer the same JSON from the same rows, over connections that are kept. The sides take turns on the same core; the
load generator and Postgres have the others.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from importlib.metadata import version
from itertools import product
from operator import attrgetter
from pathlib import Path
from typing import Final

import trio

from benchmarks.harness import cores, httpload, report
from benchmarks.harness.httpload import Answered, Get
from benchmarks.harness.process import Server, running
from benchmarks.reads.rows import fill
from persistence import EmbeddedPostgres

SIDES: Final = {"ours": "benchmarks.reads.on_gateway", "FastAPI, uvicorn": "benchmarks.reads.on_uvicorn"}
NEEDED: Final = ("fastapi", "uvicorn", "uvloop", "httptools")
READS: Final = {
    "lobby": "/api/v1/bots?status=open&sort=pot",
    "leaderboard": "/api/v1/leaderboard/solvers",
}
CONNECTIONS: Final = (1, 50)


def sides() -> dict[str, str]:
    """The modules of the sides that can run here, by name."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        print(f"FastAPI is left out, {', '.join(missing)} are missing: `make bench` installs them")
        return {name: module for name, module in SIDES.items() if module != "benchmarks.reads.on_uvicorn"}
    print(", ".join(f"{name} {version(name)}" for name in (*NEEDED, "trio", "quart", "pydantic", "asyncpg")))
    return dict(SIDES)


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
        print(table(report.interleaved(sides, rounds)))


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
        yield {
            name: stack.enter_context(
                running(partial(_command, module, dsn, folder / "arena"), cores=here.server)
            )
            for name, module in sides().items()
        }


def _command(module: str, dsn: str, folder: Path, port: int) -> list[str]:
    return [sys.executable, "-m", module, str(port), dsn, str(folder)]


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


def table(runs: Mapping[str, Sequence[Answered]]) -> str:
    """The sides' medians, and ours as so many times theirs, run by run."""

    def median(side: Sequence[Answered], what: Callable[[Answered], float]) -> float:
        return statistics.median(map(what, side))

    ours, *_ = runs.values()
    heads = [
        *("", "requests/s", "ours to it", "CPU µs a request", "ours to it"),
        *("p50 ms", "p99 ms", "bytes", "generator's core"),
    ]
    rows = []
    for name, side in runs.items():
        rates = report.ratios([one.rate for one in ours], [one.rate for one in side])
        costs = report.ratios([one.server_cpu for one in ours], [one.server_cpu for one in side])
        rows.append(
            [
                name,
                round(median(side, attrgetter("rate"))),
                "" if side is ours else rates,
                median(side, attrgetter("server_cpu")),
                "" if side is ours else costs,
                median(side, attrgetter("p50")) / 1000,
                median(side, attrgetter("p99")) / 1000,
                round(median(side, lambda one: one.bytes / max(one.answers, 1))),
                f"{median(side, attrgetter('own_share')):.0%}",
            ]
        )
    return report.table(heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    chosen = parser.parse_args()
    run(chosen.connections, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
