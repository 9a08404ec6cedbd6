"""Outages, as a connection lives through them: the client is told once and kept, and it is tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from arena.edge.failures import as_problem
from arena.problems import Problem
from arena.ws.backoff import Backoff
from arena.ws.connection import Connection
from arena.ws.protocol import error_frame

T = TypeVar("T")

QUERY_TIMEOUT = 10.0


def outage(error: Exception) -> Problem:
    """The problem of something that will pass. Raises anything else again."""
    problem = as_problem(error)
    if problem is None or problem.status < 500:
        raise error
    return problem


async def through_outages(connection: Connection, attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` returns, once it does. Raises what is no outage."""
    backoff = Backoff()
    while True:
        try:
            with trio.fail_after(QUERY_TIMEOUT):
                return await attempt()
        except Exception as error:  # noqa: BLE001 -- what is no outage is raised again
            problem = outage(error)
            if backoff.fresh:
                connection.send_nowait(error_frame(problem))
            await backoff.wait()
