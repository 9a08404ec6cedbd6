"""Outages, as a connection lives through them: the client is told once and kept, and it is tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from arena.edge.failures import as_problem
from arena.problems import Problem
from arena.ws.backoff import Backoff
from arena.ws.connection import Connection, ConnectionClosed
from arena.ws.protocol import error_frame

T = TypeVar("T")

QUERY_TIMEOUT = 10.0
STEADY = 2.0
"""Seconds after which something that ends is not the sequel of the last failure."""


def outage(error: Exception) -> Problem | None:
    """The problem of something that will pass; None: it will not."""
    problem = as_problem(error)
    return problem if problem is not None and problem.status >= 500 else None


class Patience:
    """Something that goes on until it is interrupted, and is then tried again. The client is told of an outage once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._backoff = Backoff()
        self._told = False

    def restored(self) -> None:
        """It works: the next outage is another one."""
        self._told = False

    async def attempt(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it once, and wait a little after a failure or an early end.

        Raises `ConnectionClosed`, and what is no outage.
        """
        began = trio.current_time()
        try:
            await work()
        except ConnectionClosed:
            raise
        except Exception as error:
            if (problem := outage(error)) is None:
                raise
            if not self._told:
                self._told = True
                self._connection.send_nowait(error_frame(problem))
        if trio.current_time() - began >= STEADY:
            self._backoff.reset()
        await self._backoff.wait()


async def through_outages(connection: Connection, attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` returns, once it does. Raises what is no outage."""
    backoff = Backoff()
    while True:
        try:
            with trio.fail_after(QUERY_TIMEOUT):
                return await attempt()
        except Exception as error:
            if (problem := outage(error)) is None:
                raise
            if backoff.fresh:
                connection.send_nowait(error_frame(problem))
            await backoff.wait()
