"""One run: the processes of an arena, and what was measured of it."""

from __future__ import annotations

import asyncio
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.harness.arena import arena_command
from benchmarks.harness.cores import split
from benchmarks.harness.process import Server, allow_open_files, running
from benchmarks.paid.processes import Cpu, Process, running_module
from benchmarks.paid.surroundings import open_ground, running_node

START_SECONDS = 60.0
END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. Tests use a tiny one.

    Attributes:
        wal_files: that Postgres can write over: more than it fills while we measure.
    """

    bots: int = 100
    sessions: int = 400
    wal_files: int = 64


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one phase: durations in seconds, processor time as shares of one core."""

    seconds: float
    messages: int
    quote: dict[str, float]
    payment: dict[str, float]
    reply: dict[str, float]
    frames: int
    late: float
    errors: dict[str, int]
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def server_microseconds(self) -> float:
        """Processor time of the arena for each message."""
        return self.cpu["arena"] * self.seconds / max(1, self.messages) * 1e6


class Run:
    """A running arena with its surroundings."""

    def __init__(self, arena: Server, node: Process, players: Process, postgres: int, dsn: str) -> None:
        self._arena = arena
        self._node = node
        self._players = players
        self._pids = {"arena": arena.pid, "postgres": postgres, "node": node.pid, "players": players.pid}
        self._dsn = dsn

    def measure(
        self, *, warm: float, seconds: float, rate: float | None, profile: Path | None = None
    ) -> Measured:
        """Let the players play at a rate, or None: as fast as they are answered.

        Args:
            warm: seconds before anything counts.
            profile: where py-spy shall write the arena's stacks.
        """
        self._players.tell({"warm": warm, "seconds": seconds, "rate": rate})
        self._players.hear()
        cpu = Cpu(self._pids)
        watching = None if profile is None else _spy(self._arena.pid, seconds, profile)
        told = self._players.hear()
        shares = cpu.shares()
        if watching is not None:
            watching.wait()
        self._players.hear()
        return _measured(told, shares)

    def play(self, messages: int) -> Measured:
        """Let the players say so many things in all."""
        cpu = Cpu(self._pids)
        self._players.tell({"messages": messages})
        told = self._players.hear()
        shares = cpu.shares()
        self._players.hear()
        return _measured(told, shares)

    def node_calls(self) -> dict[str, int]:
        """How often each method of the node was called, since its start."""
        self._node.tell(None)
        calls: dict[str, int] = self._node.hear()
        return calls

    def rows(self, sql: str) -> list[asyncpg.Record]:
        """Ask the arena's database."""

        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self._dsn)
            try:
                return await connection.fetch(sql)
            finally:
                await connection.close()

        return asyncio.run(ask())


def _measured(told: dict[str, Any], shares: dict[str, float]) -> Measured:
    return Measured(
        seconds=told["seconds"],
        messages=told["replies"]["count"],
        quote=told["quotes"],
        payment=told["payments"],
        reply=told["replies"],
        frames=told["frames"],
        late=told["late"],
        errors=told["errors"],
        cpu=shares,
    )


def _spy(pid: int, seconds: float, profile: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["py-spy", "record", "--pid", str(pid), "--duration", str(round(seconds)), "--rate", "150",
         "--threads", "--gil", "--format", "raw", "--output", str(profile)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def running_arena(folder: Path, size: Size) -> Iterator[Run]:
    """Start everything, with all players connected, and end it all."""
    here = split()
    allow_open_files()
    with ExitStack() as stack:
        ground = stack.enter_context(
            open_ground(folder, here, bots=size.bots, sessions=size.sessions, wal_files=size.wal_files)
        )
        node, asked = stack.enter_context(running_node(ground.made.bots, here))
        environment = {**ground.environment, **asked, "ARENA_CHAIN_SENDS": "100000"}
        arena = stack.enter_context(
            running(
                arena_command("--no-demo"),
                cores=here.server,
                environment=environment,
                end_timeout=END_SECONDS,
            )
        )
        _wait_until_healthy(arena)
        players = stack.enter_context(running_module("benchmarks.paid.players", here.others))
        players.tell({"port": arena.port, "seats": [asdict(seat) for seat in ground.made.seats]})
        players.hear()
        postgres = ground.postgres
        assert postgres.pid is not None
        yield Run(arena, node, players, postgres.pid, postgres.dsn)


def _wait_until_healthy(arena: Server) -> None:
    """It accepts connections before all of it is there."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{arena.port}/api/v1/health", timeout=5):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError("the arena is not ready") from error
            time.sleep(0.1)
