"""One start of an arena that has a past, and what it does until everything is as it was."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from benchmarks.harness.arena import arena_command
from benchmarks.harness.cores import split
from benchmarks.harness.process import Memory, Server, running
from benchmarks.paid.chain import BotOnChain
from benchmarks.paid.surroundings import open_ground, running_node
from benchmarks.paid.world import Seat
from benchmarks.recovery import history
from benchmarks.recovery.history import History

TOKEN: Final = "a token for the metrics of the benchmark"
ASKED: Final = 20
"""Quotes that are asked for while bots are woken, each of another bot."""
LOOK: Final = 0.1
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds since the process was started, unless they are of something else.

    Attributes:
        ready: the first request over HTTP is answered.
        judged: nothing is left of what was paid and not judged.
        awake: every open bot is up.
        quotes: seconds that each of the first quotes took, which were asked for from `ready` on.
        cpu_ready, cpu_awake: of a processor.
    """

    ready: float
    judged: float
    awake: float
    quotes: list[float]
    cpu_ready: float
    cpu_awake: float
    memory_ready: Memory
    memory_awake: Memory


class Past:
    """A Postgres with months of play in it, and the node that tells of the same.

    Attributes:
        seats: players who are signed in, each with a session.
    """

    def __init__(self, environment: dict[str, str], seats: list[Seat], bots: int, unjudged: int) -> None:
        self._environment = environment
        self.seats = seats
        self._bots = bots
        self.unjudged = unjudged

    @contextmanager
    def arena(self) -> Iterator[Server]:
        """One that runs on it, ready."""
        with running(
            arena_command("--no-demo"), cores=split().server, environment=self._environment
        ) as server:
            _answer(server, "/api/v1/health/live")
            yield server

    def recover(self, timeout: float) -> Recovery:
        """Start an arena on it, and end it when all is as it was.

        Raises:
            TimeoutError: it is not after so many seconds.
        """
        began = time.monotonic()
        with self.arena() as server:
            ready, cpu_ready, memory_ready = time.monotonic() - began, server.cpu_seconds(), server.memory()
            quotes = [_quote(server, seat) for seat in self.seats[:ASKED]]
            judged: float | None = None
            while (now := time.monotonic() - began) < timeout:
                figures = _figures(server)
                if judged is None and figures["arena_messages", "judged"] >= self.unjudged:
                    judged = now
                if judged is not None and figures["arena_actors_live", "bots"] >= self._bots:
                    return Recovery(
                        ready,
                        judged,
                        now,
                        quotes,
                        cpu_ready,
                        server.cpu_seconds(),
                        memory_ready,
                        server.memory(),
                    )
                time.sleep(LOOK)
        raise TimeoutError(f"not everything is as it was after {timeout:g} s")


@contextmanager
def past(folder: Path, *, bots: int, unjudged: int, seats: int = ASKED) -> Iterator[Past]:
    """Write it into a new database in this folder."""
    here = split()
    with open_ground(folder, here, bots=bots, sessions=seats) as ground:
        written = asyncio.run(_write(ground.postgres.dsn, ground.made.bots, unjudged))
        with running_node(written.bots, here) as (_node, asked):
            environment = {**ground.environment, **asked, "ARENA_METRICS_TOKEN": TOKEN}
            yield Past(environment, ground.made.seats, bots, unjudged)


async def _write(dsn: str, bots: list[BotOnChain], unjudged: int) -> History:
    database = await asyncpg.connect(dsn)
    try:
        return await history.write(database, bots, unjudged=unjudged)
    finally:
        await database.close()


def _answer(server: Server, path: str, token: str | None = None) -> str:
    """The port is open from the first moment on: what is asked is answered when the arena is ready."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
        return body.decode()


def _figures(server: Server) -> dict[tuple[str, str], float]:
    """Of `/metrics`, by name and first label."""
    return {
        (sample.name.removesuffix("_total"), next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(_answer(server, "/metrics", TOKEN))
        for sample in family.samples
    }


def _quote(server: Server, seat: Seat) -> float:
    """Seconds from asking a bot for a price to the answer."""
    url = f"ws://127.0.0.1:{server.port}/ws/chats/{seat.session_id}"
    with connect(
        url, subprotocols=[Subprotocol("arena.v1"), Subprotocol(f"bearer.{seat.token}")], compression=None
    ) as websocket:
        began = time.monotonic()
        websocket.send(json.dumps({"type": "message", "id": seat.session_id, "text": "Is it the sea?"}))
        while (frame := json.loads(websocket.recv(timeout=60)))["type"] != "quote":
            assert frame["type"] != "error", frame
        return time.monotonic() - began
