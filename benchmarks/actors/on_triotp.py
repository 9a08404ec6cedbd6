"""The same exercises on TriOTP: generic servers under a supervisor, in an application of a node."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio
from triotp import application, gen_server, mailbox, node, supervisor
from triotp.helpers import current_module

from benchmarks.actors import triotp_server
from benchmarks.actors.messages import Add, Hit
from benchmarks.actors.triotp_server import Player

__module__ = current_module()


@dataclass(slots=True)
class Exercise:
    """What the application does when its servers, given by name with their initial state, are up."""

    servers: dict[str, int | Player]
    work: Callable[[], Awaitable[float]]
    rate: float = 0.0


async def start(exercise: Exercise) -> None:
    """The application. It ends, and the node with it, when the exercise is over."""
    children = [
        supervisor.child_spec(name, triotp_server.start, [state, name])
        for name, state in exercise.servers.items()
    ]
    async with trio.open_nursery() as nursery:
        await nursery.start(supervisor.start, children, supervisor.options())
        for name in exercise.servers:
            await until_registered(name)
        exercise.rate = await exercise.work()
        nursery.cancel_scope.cancel()


async def until_registered(name: str) -> None:
    """A supervisor does not wait for its children to be up, and nothing tells."""
    while name not in mailbox.context_name_registry.get():
        await trio.lowlevel.checkpoint()


def rate_of(exercise: Exercise) -> float:
    node.run([application.app_spec(__module__, exercise, permanent=False)])
    return exercise.rate


def tell(count: int) -> float:
    """Cast so many messages to one server; a cast waits until the server takes it."""

    async def work() -> float:
        started = time.perf_counter()
        for _ in range(count - 1):
            await gen_server.cast("counter", Add(1))
        assert await gen_server.call("counter", Add(1)) == count
        return count / (time.perf_counter() - started)

    return rate_of(Exercise({"counter": 0}, work))


def ask(count: int) -> float:
    """Call one server, one call after the other."""

    async def work() -> float:
        started = time.perf_counter()
        for _ in range(count):
            await gen_server.call("counter", Add(1))
        return count / (time.perf_counter() - started)

    return rate_of(Exercise({"counter": 0}, work))


def ping_pong(count: int) -> float:
    """Two servers cast to each other."""
    over = trio.Event()

    async def work() -> float:
        started = time.perf_counter()
        await gen_server.cast("ping", Hit(count))
        await over.wait()
        return count / (time.perf_counter() - started)

    return rate_of(Exercise({"ping": Player("pong", over), "pong": Player("ping", over)}, work))
