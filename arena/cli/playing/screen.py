"""Where a game is shown and where one writes: a terminal, a pipe, or a program that speaks JSON."""

from __future__ import annotations

import json
import os
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import trio
from pydantic import BaseModel, ConfigDict, ValidationError

from arena.cli.arena_client import Json
from arena.cli.plain import plain
from arena.cli.playing.line_editor import Ended, Interrupted, LineEditor

_CHUNK: Final = 4096


class Screen(Protocol):
    """What a game needs of it."""

    @property
    def asks(self) -> bool:
        """Whether there is somebody who can answer a question."""
        ...

    def event(self, event: Json) -> None:
        """Something for programs."""
        ...

    def say(self, text: str) -> None:
        """A line for people, made plain already."""
        ...

    def piece(self, text: str) -> None:
        """A piece of a line that goes on."""
        ...

    def prompt(self, text: str) -> None:
        """It is one's turn to write; empty: it is not."""
        ...

    def lines(self) -> AsyncIterator[str]:
        """What is written, line by line, to its end. Raises `Interrupted`."""
        ...


class Terminal:
    """People. Use `on_terminal` to make one: it is for one who keeps the terminal from echoing."""

    asks = True

    def __init__(self) -> None:
        self._editor = LineEditor()
        self._prompt = ""
        self._midline = False

    def event(self, event: Json) -> None:
        pass

    def say(self, text: str) -> None:
        self._clear()
        self._write(text.replace("\n", "\r\n") + "\r\n")
        self._redraw()

    def piece(self, text: str) -> None:
        if not self._midline:
            self._clear()
        self._write(plain(text, lines=True).replace("\n", "\r\n"))
        self._midline = True

    def prompt(self, text: str) -> None:
        self._clear()
        self._prompt = text
        self._redraw()

    async def lines(self) -> AsyncIterator[str]:
        while True:
            keys = await trio.to_thread.run_sync(os.read, sys.stdin.fileno(), _CHUNK, abandon_on_cancel=True)
            if not keys:
                return
            try:
                written = self._editor.feed(keys)
            except Ended:
                return
            for line in written:
                self._clear()
                self._write(f"{self._prompt}{plain(line)}\r\n")
                yield line
            self._clear()
            self._redraw()

    def _clear(self) -> None:
        """Take away the line that is being written, or end the one that goes on."""
        self._write("\r\n" if self._midline else "\r\x1b[K")
        self._midline = False

    def _redraw(self) -> None:
        if self._prompt:
            width = max(10, os.get_terminal_size(sys.stdout.fileno()).columns - len(self._prompt) - 1)
            self._write(self._prompt + plain(self._editor.text)[-width:])

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def on_terminal() -> Iterator[Terminal]:
    """The terminal of this process, which is as it was afterwards, whatever happens."""
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    tty.setraw(stdin)
    try:
        yield Terminal()
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


class Pipe:
    """Lines in, plain lines out."""

    asks = False

    def event(self, event: Json) -> None:
        pass

    def say(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201 -- this is where it goes

    def piece(self, text: str) -> None:
        pass  # the whole reply follows

    def prompt(self, text: str) -> None:
        pass

    async def lines(self) -> AsyncIterator[str]:
        while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            yield line.rstrip("\n")


class _Said(BaseModel):
    """What a program says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    say: str


class Program(Pipe):
    """A JSON object a line, both ways."""

    def event(self, event: Json) -> None:
        print(json.dumps(event, default=str), flush=True)  # noqa: T201 -- this is where it goes

    def say(self, text: str) -> None:
        pass

    async def lines(self) -> AsyncIterator[str]:
        async for line in super().lines():
            if not line.strip():
                continue
            try:
                text = _Said.model_validate_json(line).say
            except ValidationError:
                self.event({"type": "error", "code": "input_invalid", "detail": 'a line is {"say": "text"}'})
                continue
            yield text


__all__ = ["Interrupted", "Pipe", "Program", "Screen", "Terminal", "on_terminal"]
