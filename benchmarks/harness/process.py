"""The measured server as a process: started on its core, looked at through /proc, ended."""

from __future__ import annotations

import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness.cores import pinned

START_TIMEOUT: Final = 30.0
END_TIMEOUT: Final = 10.0
PORTS: Final = range(20_000, 32_000)
"""Below those that the kernel chooses from by itself, unless it was told otherwise."""
KIB: Final = 1024


class ServerFailed(Exception):
    """The server ended by itself or never accepted a connection; the message has the end of what it said."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. `pss` counts a page that n processes share as an n-th of it."""

    rss: int
    pss: int


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int

    def children(self) -> list[int]:
        """The processes that it has started, and those that they have."""
        return _children(self.pid)

    def cpu_seconds(self) -> float:
        """User and system time of all its threads, also of those that have ended."""
        # the clock of another process, as `clock_getcpuclockid` makes it: finer than /proc, which counts in 10 ms
        return time.clock_gettime(~self.pid << 3 | 2)

    def memory(self) -> Memory:
        sizes: dict[str, int] = {}
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size, *_unit = line.split()
            sizes[name.rstrip(":")] = int(size) * KIB
        return Memory(rss=sizes["Rss"], pss=sizes["Pss"])


def _children(pid: int) -> list[int]:
    started = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return started + [grandchild for child in started for grandchild in _children(child)]


def free_port() -> int:
    """A port that nobody listens on now, and that the kernel gives to nobody who asks for any: it is still free when a
    server that was just started gets to it.
    """
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def allow_open_files() -> int:
    """Let this process and those it starts have as many open files as the machine allows; how many that is."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def python(module: str, *arguments: str) -> Callable[[int], list[str]]:
    """`python -m module PORT` with more arguments behind the port: a command for `running`."""
    return lambda port: [sys.executable, "-m", module, str(port), *arguments]


@contextmanager
def running(
    command: Callable[[int], Sequence[str]],
    *,
    cores: frozenset[int],
    environment: Mapping[str, str] | None = None,
    start_timeout: float = START_TIMEOUT,
    end_timeout: float = END_TIMEOUT,
) -> Iterator[Server]:
    """The server that `command` starts, given a port of 127.0.0.1, once it accepts connections there.

    `environment` is added to ours. At the end it is asked to stop, and killed if that takes longer than
    `end_timeout` seconds.

    Raises:
        ServerFailed: it did not start.
    """
    allow_open_files()
    port = free_port()
    with tempfile.TemporaryFile("w+b") as output:
        with pinned(cores):
            process = subprocess.Popen(
                command(port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        try:
            if not _accepts(process, port, start_timeout):
                output.seek(0)
                said = output.read()[-4000:].decode(errors="replace")
                raise ServerFailed(f"the server does not accept connections:\n{said}")
            yield Server(process.pid, port)
        finally:
            _end(process, end_timeout)


def _accepts(process: subprocess.Popen[bytes], port: int, timeout: float) -> bool:
    give_up = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _end(process: subprocess.Popen[bytes], timeout: float) -> None:
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
