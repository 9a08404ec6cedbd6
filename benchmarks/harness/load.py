"""Running the load generator, `wsload.c`, and what it has measured."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Final

from benchmarks.harness.cores import pinned
from benchmarks.harness.native import compiled
from benchmarks.harness.process import Server, allow_open_files

SOURCE: Final = Path(__file__).with_name("wsload.c")
ID_PLACE: Final = "00000000-0000-0000-0000-000000000000"
"""Put into a payload, it becomes an id of each message's own, and only a frame with this id counts as the answer."""
BROADCAST_TIMEOUT: Final = 15.0
"""Seconds."""


class LoadFailed(Exception):
    """Connections failed, or the generator did: whatever was measured means nothing."""


@dataclass(frozen=True, slots=True)
class Clients:
    """Connections, and how they open.

    Attributes:
        paths: one a connection, from the first again when there are fewer.
        headers: one more header of each request, likewise: `Sec-WebSocket-Protocol: arena.v1`.
        greeting: part of the frame after which a connection is ready; None: once it is accepted.
        source_addresses: how many addresses of 127/8 they come from.
    """

    connections: int
    paths: Sequence[str] = ("/",)
    headers: Sequence[str] = ()
    greeting: str | None = None
    source_addresses: int = 1


@dataclass(frozen=True, slots=True)
class Load:
    """What every connection says.

    Attributes:
        payload: of each frame; with `ID_PLACE` in it if messages are to have ids.
        seconds: that are measured, after `warm_up` seconds that are not.
        rate: messages a second of all connections together, by the clock, however long answers take (an open loop).
            None: each connection sends its next message when it has the answer (a closed loop).
    """

    payload: bytes
    seconds: float = 5.0
    warm_up: float = 1.0
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it.

    Attributes:
        messages: answered in the measured `seconds`.
        total_sent: with warm-up and end; all of them are answered unless answers were lost.
        missed: not sent by the clock, because a connection was too far behind.
        p50, p90, p99, max: microseconds from sending (open loop: from when it was due) to the answer.
        server_cpu: microseconds of a processor for a message, of all threads of the server's process.
        own_share: of the time in which the generator had something to do. Near 1 it is the generator that was measured.
    """

    connections: int
    seconds: float
    messages: int
    total_sent: int
    total_answered: int
    missed: int
    p50: int
    p90: int
    p99: int
    max: int
    server_cpu: float
    server_share: float
    own_share: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One broadcast as the holding connections got it; times are those of `time.monotonic_ns` on this machine."""

    number: int
    received: int
    first_ns: int
    last_ns: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What it took to open the connections: seconds, and the server's seconds of a processor."""

    connections: int
    seconds: float
    server_cpu: float


class Held:
    """Connections that are open and listen."""

    def __init__(self, opened: Opened, process: subprocess.Popen[str]) -> None:
        self.opened = opened
        self._process = process

    def next_broadcast(self) -> Broadcast:
        """Wait for the next one that every connection has.

        Raises:
            LoadFailed: there is none within `BROADCAST_TIMEOUT`.
        """
        assert self._process.stdout is not None
        give_up = Timer(BROADCAST_TIMEOUT, self._process.kill)
        give_up.start()
        try:
            line = self._process.stdout.readline()
        finally:
            give_up.cancel()
        if not line:
            raise LoadFailed("no broadcast has come to all connections")
        said = json.loads(line)
        return Broadcast(said["broadcast"], said["received"], said["first_ns"], said["last_ns"])


def run(server: Server, clients: Clients, load: Load, *, cores: frozenset[int]) -> Measured:
    """Load the server. Raises `LoadFailed` if a connection is refused, closed or broken."""
    with ExitStack() as stack:
        options = ["--seconds", str(load.seconds), "--warm-up", str(load.warm_up)]
        if load.rate is not None:
            options += ["--rate", str(load.rate)]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "payload").write_bytes(load.payload)
        process = _start(
            "load", server, clients, folder, [*options, "--payload", str(folder / "payload")], cores
        )
        output, _nothing = process.communicate()
        if process.returncode:
            raise LoadFailed("the load generator failed")
        return _measured(checked(json.loads(output)))


@contextmanager
def holding(
    server: Server, clients: Clients, *, cores: frozenset[int], mark: str | None = None
) -> Iterator[Held]:
    """Open the connections and keep them for the block.

    Args:
        mark: what stands before the number of a broadcast in its frames, for instance `"number":`.

    Raises:
        LoadFailed: a connection was refused, or lost by the end of the block.
    """
    with tempfile.TemporaryDirectory() as folder:
        marked = ["--mark", mark] if mark is not None else []
        process = _start("hold", server, clients, Path(folder), marked, cores)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise LoadFailed("the load generator failed")
            opened = checked(json.loads(line))
            yield Held(
                Opened(opened["connections"], opened["seconds"], opened["server_cpu_seconds"]), process
            )
            process.stdin.close()  # which ends it
            *_unfinished, last = process.stdout.read().splitlines() or [""]
            if not last:
                raise LoadFailed("the load generator failed")
            checked(json.loads(last))
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def _start(
    mode: str, server: Server, clients: Clients, folder: Path, options: list[str], cores: frozenset[int]
) -> subprocess.Popen[str]:
    allow_open_files()
    command = [
        *(str(compiled(SOURCE)), mode, "--port", str(server.port), "--pid", str(server.pid)),
        *("--connections", str(clients.connections), "--source-addresses", str(clients.source_addresses)),
        *("--paths", _lines(folder / "paths", clients.paths)),
    ]
    if clients.headers:
        command += ["--headers", _lines(folder / "headers", clients.headers)]
    if clients.greeting is not None:
        command += ["--greeting", clients.greeting]
    with pinned(cores):
        return subprocess.Popen(
            [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="ascii"
        )


def _lines(file: Path, lines: Sequence[str]) -> str:
    file.write_text("".join(f"{line}\n" for line in lines))
    return str(file)


def checked(said: dict[str, Any]) -> dict[str, Any]:
    """What a generator has said. Raises `LoadFailed` if it is of failed connections."""
    if said["failed"]:
        raise LoadFailed(f"{said['failed']} connections failed, the first: {said['first_failure']}")
    return said


def _measured(said: dict[str, Any]) -> Measured:
    seconds, messages = said["seconds"], said["messages"]
    return Measured(
        connections=said["connections"],
        seconds=seconds,
        messages=messages,
        total_sent=said["total_sent"],
        total_answered=said["total_answered"],
        missed=said["missed"],
        p50=said["p50_us"],
        p90=said["p90_us"],
        p99=said["p99_us"],
        max=said["max_us"],
        server_cpu=said["server_cpu_seconds"] * 1e6 / max(messages, 1),
        server_share=said["server_cpu_seconds"] / seconds,
        own_share=said["own_busy_seconds"] / seconds,
    )
