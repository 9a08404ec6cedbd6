"""A command under a pseudo-terminal, and what is on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trio

WITHIN = 40.0
"""Seconds that anything may take: far above what is needed."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process whose terminal this is."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self.raw = b""
        """All that came, as it came."""
        self._descriptor = descriptor
        self._read_to = 0

    @property
    def shown(self) -> str:
        """All that came, without what moves the cursor and colours."""
        return _CONTROL.sub("", self.raw.decode(errors="replace")).replace("\r", "")

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    async def until(self, text: str) -> None:
        """Until this has come after what was waited for before."""
        with trio.fail_after(WITHIN):
            while (at := self.shown.find(text, self._read_to)) < 0:
                await self._more(text)
        self._read_to = at + len(text)

    async def ended(self) -> int:
        """The exit code."""
        with trio.fail_after(WITHIN):
            while self.process.poll() is None:
                await self._more("its end")
        return self.process.returncode

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    async def _more(self, wanted: str) -> None:
        try:
            self.raw += os.read(self._descriptor, 65_536)
        except BlockingIOError:
            await trio.sleep(0.02)
        except OSError as error:  # Linux says so when the process has gone
            if self.process.poll() is None:
                await trio.sleep(0.02)
                return
            if wanted != "its end":
                raise AssertionError(f"{wanted!r} did not come:\n{self.shown}") from error


@contextmanager
def terminal(
    *arguments: str, columns: int = 80, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Terminal]:
    """`arena` with these arguments, killed at the end if it still runs."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        [sys.executable, "-m", "arena", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **(environment or {})},
        cwd=cwd,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)
