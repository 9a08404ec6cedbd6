"""What very many live actors cost: memory, starting, a message to each, stopping.

`python -m benchmarks.actors.fleet COUNT [--trace]` measures one fleet and prints JSON. It is run in a process
of its own, so that its memory is that of the fleet.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import trio

from actors import ActorSystem, RegionSpec, SupervisorSpec, open_system
from benchmarks.actors.measure import Size, report
from benchmarks.actors.messages import Add, Counter

BATCH = 1000
"""Messages told in a row before others get a turn."""

KIB = 1024


@dataclass(slots=True)
class Fleet:
    """Times in seconds, for the whole fleet; memory in bytes, for one actor."""

    count: int
    resident: float = 0.0
    """Growth of the resident set."""
    traced: float = 0.0
    """Growth of what Python has allocated; only with ``--trace``."""
    start: float = 0.0
    collection: float = 0.0
    """A full garbage collection while all live, which holds up everything."""
    tell: float = 0.0
    stop: float = 0.0
    """Stopping a tenth of the fleet one by one, by path, times ten."""
    shutdown: float = 0.0
    """The orderly end of the system with all actors live."""


def resident_set() -> int:
    """Bytes of memory that the process occupies now; where that cannot be known, the most it ever has."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * KIB


@contextmanager
def seconds_of(fleet: Fleet, field: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    setattr(fleet, field, time.perf_counter() - started)


async def tell_each(system: ActorSystem, count: int, handled: int) -> None:
    """Tell every actor something, and wait until ``handled`` messages have been handled altogether."""
    for number in range(count):
        system.get("counter", str(number)).tell(Add(1))
        if number % BATCH == BATCH - 1:
            await trio.lowlevel.checkpoint()
    while system.statistics.of("counter").handled < handled:
        await trio.lowlevel.checkpoint()


async def stop_some(system: ActorSystem, count: int) -> None:
    remaining = system.info("/fleet").children - count
    for number in range(count):
        system.stop(f"/fleet/{number}")
        if number % BATCH == BATCH - 1:
            await trio.lowlevel.checkpoint()
    while system.info("/fleet").children > remaining:
        await trio.lowlevel.checkpoint()


async def measure(count: int, trace: bool) -> Fleet:
    """Start a fleet, use it and stop it. Each actor has a timer for its passivation, as is usual."""
    fleet = Fleet(count)
    region = RegionSpec("fleet", "counter", lambda _: Counter(), idle_after=3600, capacity=count)
    async with open_system(SupervisorSpec("root", [region])) as system:
        gc.collect()
        if trace:
            tracemalloc.start()
        resident, traced = resident_set(), tracemalloc.get_traced_memory()[0]
        with seconds_of(fleet, "start"):
            await tell_each(system, count, handled=count)
        with seconds_of(fleet, "collection"):
            gc.collect()
        fleet.resident = (resident_set() - resident) / count
        fleet.traced = (tracemalloc.get_traced_memory()[0] - traced) / count
        tracemalloc.stop()
        with seconds_of(fleet, "tell"):
            await tell_each(system, count, handled=2 * count)
        some = max(1, count // 10)
        with seconds_of(fleet, "stop"):
            await stop_some(system, some)
        fleet.stop *= count / some
        await tell_each(system, some, handled=2 * count + some)
        ending = time.perf_counter()
    fleet.shutdown = time.perf_counter() - ending
    return fleet


def in_fresh_process(count: int, *, trace: bool = False) -> Fleet:
    command = [sys.executable, "-m", "benchmarks.actors.fleet", str(count), *(["--trace"] if trace else [])]
    return Fleet(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def typical(fleets: list[Fleet]) -> Fleet:
    """The median of each figure."""
    return Fleet(*(statistics.median(figures) for figures in zip(*map(astuple, fleets), strict=True)))


def run(size: Size) -> None:
    """Print what a fleet costs."""
    fleet = typical([in_fresh_process(size.fleet) for _ in range(size.fleets)])
    traced = in_fresh_process(size.traced_fleet, trace=True)
    print(
        f"\nfleet: {size.fleet:,} live actors of a region in one process (medians of {size.fleets} processes)"
    )
    report("resident set, an actor", fleet.resident / KIB, "KiB", aim=8)
    report(f"  ... allocated by Python ({size.traced_fleet:,} actors)", traced.traced / KIB, "KiB")
    report("activations", fleet.count / fleet.start, "/s")
    report("a full garbage collection", fleet.collection * 1000, "ms")
    report("a message to each", fleet.tell, "s")
    report("  ... messages", fleet.count / fleet.tell, "/s")
    report("stops, one by one", fleet.count / fleet.stop, "/s")
    report("orderly shutdown of all", fleet.shutdown, "s")
    report("  ... actors", fleet.count / fleet.shutdown, "/s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--trace", action="store_true")
    arguments = parser.parse_args()
    json.dump(asdict(trio.run(measure, arguments.count, arguments.trace)), sys.stdout)


if __name__ == "__main__":
    main()
