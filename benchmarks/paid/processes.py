"""Child processes on cores of their own, spoken with in lines of JSON, and the processor time that they took."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 20.0


def cores() -> tuple[set[int], set[int]]:
    """One core for the arena, and all others for what surrounds it; the same if there is one."""
    ours = sorted(os.sched_getaffinity(0))
    return {ours[0]}, set(ours[1:] or ours)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A module of Python that is running."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen
        self.pid = popen.pid

    def tell(self, value: object) -> None:
        """Write one line."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(value) + "\n")
        self._popen.stdin.flush()

    def hear(self) -> Any:
        """The next line.

        Raises:
            RuntimeError: it has ended.
        """
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._popen.args} ended with {self._popen.wait(STOP_SECONDS)}")
        return json.loads(line)

    def check_runs(self) -> None:
        if (code := self._popen.poll()) is not None:
            raise RuntimeError(f"{self._popen.args} ended with {code}")


@contextmanager
def running(
    arguments: list[str], on: set[int], *, env: Mapping[str, str] | None = None, log: IO[bytes] | None = None
) -> Iterator[Process]:
    """`python -m arguments`, pinned to the cores `on`, until the end of the block."""
    popen = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if log is None else log,
        stderr=log,
        env={**os.environ, **(env or {})},
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, on),
        start_new_session=True,
    )
    try:
        yield Process(popen)
    finally:
        popen.send_signal(signal.SIGTERM)
        try:
            popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its live children, in user and kernel mode, of all threads."""
    parents, ticks = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(entry.name)] = int(fields[1])
        ticks[int(entry.name)] = int(fields[11]) + int(fields[12])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks[member] for member in family) / TICKS


class Cpu:
    """Processor time of named processes, from its making on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._since = time.perf_counter()
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def shares(self) -> dict[str, float]:
        """How much of one core each took."""
        elapsed = time.perf_counter() - self._since
        return {name: (cpu_seconds(pid) - self._before[name]) / elapsed for name, pid in self._pids.items()}
