"""Running the load generator of HTTP, `httpload.c`, and what it has measured."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness.cores import pinned
from benchmarks.harness.load import LoadFailed, checked
from benchmarks.harness.native import compiled
from benchmarks.harness.process import Server

SOURCE: Final = Path(__file__).with_name("httpload.c")


@dataclass(frozen=True, slots=True)
class Get:
    """What every connection asks, again when it has its answer.

    Attributes:
        header: one more line, such as `If-None-Match: "…"`.
        status: of every answer; one of another status fails the run.
        seconds: that are measured, after `warm_up` seconds that are not.
    """

    path: str
    header: str | None = None
    status: int = 200
    connections: int = 1
    seconds: float = 2.0
    warm_up: float = 0.5


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it.

    Attributes:
        answers: in the measured `seconds`, of `bytes` in all with their heads.
        total_asked: with warm-up and end; as many were answered unless the server is too slow to end.
        reopened: how often the server ended a connection after an answer, by saying so.
        p50, p99, max: microseconds from sending to the last byte of the answer.
        server_cpu: microseconds of a processor for an answer, of all threads of the server's process.
        own_share: of a core that the generator took. Near 1 it is the generator that was measured.
    """

    seconds: float
    answers: int
    bytes: int
    total_asked: int
    total_answered: int
    reopened: int
    p50: int
    p99: int
    max: int
    server_cpu: float
    own_share: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def run(server: Server, get: Get, *, cores: frozenset[int]) -> Answered:
    """Load the server. Raises `LoadFailed` if an answer is not as expected, or none."""
    command = [
        *(str(compiled(SOURCE)), "--port", str(server.port), "--pid", str(server.pid), "--path", get.path),
        *("--status", str(get.status), "--connections", str(get.connections)),
        *("--seconds", str(get.seconds), "--warm-up", str(get.warm_up)),
        *(("--header", get.header) if get.header is not None else ()),
    ]
    with pinned(cores):
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="ascii")
    if process.returncode:
        raise LoadFailed("the load generator failed")
    said = checked(json.loads(process.stdout))
    return Answered(
        seconds=said["seconds"],
        answers=said["answers"],
        bytes=said["bytes"],
        total_asked=said["total_asked"],
        total_answered=said["total_answered"],
        reopened=said["reopened"],
        p50=said["p50_us"],
        p99=said["p99_us"],
        max=said["max_us"],
        server_cpu=said["server_cpu_seconds"] * 1e6 / max(said["answers"], 1),
        own_share=said["own_cpu_seconds"] / said["seconds"],
    )
