"""A command under a pseudo-terminal, and what is on it; or one in a pipe."""

from __future__ import annotations

import errno
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
from typing import Any

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
                if not self._read():
                    await trio.sleep(0.02)
        while self._read():
            pass  # its last words
        return self.process.returncode

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def settings(self) -> list[Any]:
        """Of the terminal: whether it shows what is typed, and the like."""
        return termios.tcgetattr(self._descriptor)

    async def _more(self, wanted: str) -> None:
        over = self.process.poll() is not None
        if self._read():
            return
        if over:
            raise AssertionError(f"{wanted!r} did not come:\n{self.shown}")
        await trio.sleep(0.02)

    def _read(self) -> bool:
        """Whether there was anything."""
        try:
            more = os.read(self._descriptor, 65_536)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:  # Linux says so when nobody has the terminal any more
                raise
            return False
        self.raw += more
        return bool(more)


@contextmanager
def terminal(
    *arguments: str,
    columns: int = 80,
    rows: int = 24,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Terminal]:
    """`arena` with these arguments, killed at the end if it still runs."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.set_blocking(ours, False)
    # those would count for more than the terminal's own size
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "arena", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, "TERM": "xterm", **(environment or {})},
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )
    os.close(theirs)
    yield from _shown_by(process, ours)


def _hear_ctrl_c() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # what a shell runs in the background, tests too, ignores it
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def pipe(*arguments: str) -> Iterator[Terminal]:
    """The same without a terminal: both outputs go into one pipe, and there is no input."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        [sys.executable, "-m", "arena", *arguments], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    yield from _shown_by(process, ours)


def _shown_by(process: subprocess.Popen[bytes], descriptor: int) -> Iterator[Terminal]:
    try:
        yield Terminal(process, descriptor)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(descriptor)
