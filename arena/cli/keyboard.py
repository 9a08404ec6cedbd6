"""Single keys from a terminal, which gets its settings back whatever happens."""

from __future__ import annotations

import os
import re
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import trio

_SEQUENCES: Final = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
}
_KEY: Final = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|[^\x1b]", re.DOTALL)
_UNFINISHED: Final = re.compile(rb"\x1b(?:[\[O][0-9;]*)?\Z")


def keys_in(typed: bytes) -> tuple[list[str], bytes]:
    """The keys by name (a letter is its own), those that have none left out, and the beginning of one not yet whole."""
    rest = found.group() if (found := _UNFINISHED.search(typed)) else b""
    whole = typed[: len(typed) - len(rest)]
    pressed: list[str] = []
    for key in _KEY.findall(whole):
        if name := _SEQUENCES.get(key):
            pressed.append(name)
        elif key.isascii() and key.decode().isprintable():
            pressed.append(key.decode())
    return pressed, rest


@contextmanager
def single_keys() -> Iterator[None]:
    """Keys are read one by one and not shown; ctrl-C still interrupts. Does nothing if input is no terminal."""
    if not sys.stdin.isatty():
        yield
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSAFLUSH, before)


async def pressed_keys() -> AsyncIterator[str]:
    """Keys as they are pressed, while there are `single_keys`. None, if input is no terminal; ends when it hangs up."""
    if not sys.stdin.isatty():
        return
    fd, rest = sys.stdin.fileno(), b""
    while True:
        await trio.lowlevel.wait_readable(fd)
        try:
            typed = os.read(fd, 1024)
        except OSError:
            return
        if not typed:
            return
        keys, rest = keys_in(rest + typed)
        for key in keys:
            yield key
