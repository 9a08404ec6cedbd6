"""What it costs to look at very many actors, and for how long that keeps other tasks waiting."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from actors import ActorSystem, RegionSpec, SupervisorSpec, open_system
from benchmarks.actors.fleet import tell_each
from benchmarks.actors.measure import Size, report
from benchmarks.actors.messages import Counter


@dataclass(slots=True)
class Watch:
    """How long something took, and how long it made another task wait, in milliseconds."""

    took: float = 0.0
    stall: float = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    """Meanwhile another task does nothing but take turns; its longest wait for one is the stall."""
    watch = Watch()
    turning = trio.Event()

    async def take_turns() -> None:
        last = time.perf_counter()
        while True:
            turning.set()
            await trio.lowlevel.checkpoint()
            now = time.perf_counter()
            watch.stall = max(watch.stall, (now - last) * 1000)
            last = now

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        await turning.wait()
        started = time.perf_counter()
        yield watch
        watch.took = (time.perf_counter() - started) * 1000
        for _ in range(2):  # by then it has had the turn that it waited for
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()


async def tree(system: ActorSystem) -> None:
    system.tree()


async def visit(system: ActorSystem) -> None:
    paths: list[str] = []
    await system.visit(lambda info: paths.append(info.path))


async def survey(system: ActorSystem) -> None:
    await system.survey()


async def nothing(system: ActorSystem) -> None:  # noqa: ARG001 (a way of looking)
    for _ in range(100):
        await trio.lowlevel.checkpoint()


LOOKS: dict[str, Callable[[ActorSystem], Awaitable[None]]] = {
    "tree": tree, "visit": visit, "survey": survey, "nothing": nothing,
}  # fmt: skip


async def measure(size: Size) -> dict[str, list[Watch]]:
    """Look at a fleet in each of the ways in turn."""
    watches: dict[str, list[Watch]] = {name: [] for name in LOOKS}
    region = RegionSpec("fleet", "counter", lambda _: Counter(), idle_after=3600)
    async with open_system(SupervisorSpec("root", [region])) as system:
        await tell_each(system, size.tree, handled=size.tree)
        gc.collect()
        for _ in range(size.rounds):
            for name, look in LOOKS.items():
                async with watched() as watch:
                    await look(system)
                watches[name].append(watch)
    return watches


def run(size: Size) -> None:
    """Print what looking costs."""
    watches = trio.run(measure, size)

    def took(name: str) -> float:
        return statistics.median(watch.took for watch in watches[name])

    def stall(name: str) -> float:
        return statistics.median(watch.stall for watch in watches[name])

    print(f"\nlooking at {size.tree:,} live actors (medians; a stall is the longest wait of another task)")
    report("system.tree()", took("tree"), "ms", aim=50)
    report("  ... stalls another task for", stall("tree"), "ms")
    report("system.visit()", took("visit"), "ms", aim=50)
    report("  ... stalls another task for", stall("visit"), "ms")
    report("system.survey()", took("survey"), "ms")
    report("  ... stalls another task for", stall("survey"), "ms")
    report("a stall while nobody looks", stall("nothing"), "ms")
