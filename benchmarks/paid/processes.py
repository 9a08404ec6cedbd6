"""The processes around the arena, spoken with in lines of JSON, and the processor time that all of them take."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.harness.cores import pinned
from benchmarks.harness.process import Server

END_SECONDS: Final = 10.0


class Process:
    """A module of ours that is running."""

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
            raise RuntimeError(f"{self._popen.args!r} ended with {self._popen.wait(END_SECONDS)}")
        return json.loads(line)


@contextmanager
def running_module(module: str, cores: frozenset[int]) -> Iterator[Process]:
    """`python -m module`, until the end of the block."""
    with pinned(cores):
        popen = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with popen:
        try:
            yield Process(popen)
        finally:
            popen.kill()  # it keeps nothing


class Cpu:
    """Processor time of processes and their children, by name, from its making on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._since = time.perf_counter()
        self._before = {name: _seconds(pid) for name, pid in pids.items()}

    def shares(self) -> dict[str, float]:
        """How much of one core each took."""
        elapsed = time.perf_counter() - self._since
        return {name: (_seconds(pid) - self._before[name]) / elapsed for name, pid in self._pids.items()}


def _seconds(pid: int) -> float:
    family = [pid, *Server(pid, 0).children()]
    return sum(Server(member, 0).cpu_seconds() for member in family)
