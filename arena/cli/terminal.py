"""Running a command that shows things until it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import click
import trio
from rich.console import Console, RenderableType
from rich.live import Live as RichLive
from rich.text import Text

from arena.cli.arena_client import ArenaError, Json
from arena.cli.failure import fail, leaves
from arena.cli.keyboard import single_keys
from arena.cli.live import Connected, Connecting, State, Waiting
from arena.cli.plain import plain

SHORTEST_PAUSE = 0.1
"""Seconds at least between drawing and drawing again."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PASSING = frozenset(
    {
        "unreachable",
        "nonsense",
        "busy",
        "shutting_down",
        "rate_limited",
        "request_timeout",
        "too_many_connections",
    }
)


def is_passing(error: ArenaError) -> bool:
    """Whether it makes sense to ask again later."""
    return error.code in _PASSING or error.code.endswith("_unavailable") or error.code.startswith("50")


def run_until_interrupted(main: Callable[[], Awaitable[None]]) -> bool:
    """Run `main` to its end (True) or to ctrl-C (False); what it holds is put back either way.

    An `ArenaError` is one line and exit code 1. Who reads our output may go at any time.
    """
    said: list[str] = []
    ended_by: int | None = None
    finished = False
    try:
        ended_by = trio.run(_until_interrupted, main)
        finished = ended_by is None
    except* ArenaError as group:
        said += dict.fromkeys(plain(error) for error in leaves(group))
    except* BrokenPipeError:
        # the interpreter would flush what is left at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except* KeyboardInterrupt:
        pass
    if said:
        fail(*said)
    if ended_by not in (None, signal.SIGINT):
        raise SystemExit(128 + ended_by)
    return finished


async def _until_interrupted(main: Callable[[], Awaitable[None]]) -> int | None:
    """The signal that ended it."""
    ended_by: int | None = None

    async def run() -> None:
        await main()
        nursery.cancel_scope.cancel()

    with trio.open_signal_receiver(*_SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            async for number in signals:
                ended_by = number
                nursery.cancel_scope.cancel()
                break
    return ended_by


def connection_words(state: State, at: float) -> str:
    """How a connection stands at `at`, of trio's clock."""
    match state:
        case Connected():
            return "live"
        case Connecting():
            return "connecting…"
        case _:
            why = {
                "unreachable": "the arena cannot be reached",
                "disconnected": "the connection was lost",
                "silent": "the arena does not answer",
            }
            return f"{why.get(state.code) or plain(state.code)}; trying again in {max(0, round(state.until - at))} s"


def connection_line(state: State, at: float, more: str = "") -> Text:
    """The same as a line of a screen."""
    style = "green" if isinstance(state, Connected) else "yellow"
    return Text.assemble(
        ("● ", style), (connection_words(state, at), style), (more, "dim"), no_wrap=True, overflow="ellipsis"
    )


def connection_json(state: State, at: float) -> Json:
    """The same for programs."""
    match state:
        case Connected():
            return {"type": "connection", "state": "live"}
        case Connecting():
            return {"type": "connection", "state": "connecting"}
        case _:
            seconds = round(max(0.0, state.until - at), 1)
            return {"type": "connection", "state": "waiting", "code": state.code, "seconds": seconds}


class Trouble:
    """Says on standard error that something does not work, once for each reason, and that it works again."""

    def __init__(self) -> None:
        self._told = ""

    def tell(self, state: State, at: float) -> None:
        match state:
            case Connected() if self._told:
                click.echo("arena: live again", err=True)
                self._told = ""
            case Waiting(code=code) if code != self._told:
                click.echo(f"arena: {connection_words(state, at)}", err=True)
                self._told = code
            case _:
                pass


def echo_json(value: Json) -> None:
    """One object, one line, at once."""
    click.echo(json.dumps(value))


class Screen:
    """What is drawn anew when something has changed, and each second, because times pass and windows change.

    Args:
        render: given the width and height that there are.
        whole: the whole screen, which is as it was afterwards; otherwise lines below what `print` prints.
    """

    def __init__(
        self, console: Console, render: Callable[[int, int], RenderableType], *, whole: bool
    ) -> None:
        self._render = render
        self._changed = trio.Event()
        self._live = RichLive(
            console=console, screen=whole, auto_refresh=False, transient=True, redirect_stderr=False
        )
        self._console = console

    def change(self) -> None:
        """Draw it soon."""
        self._changed.set()

    def print(self, *lines: Text) -> None:
        """Lines that stay."""
        if lines:
            self._console.print(Text("\n").join(lines))

    async def run(self) -> None:
        """Draw until cancelled. Meanwhile what is typed is not shown, which would spoil it."""
        with single_keys(), self._live:
            while True:
                self._changed = trio.Event()
                self._live.update(self._render(*self._console.size), refresh=True)
                await trio.sleep(SHORTEST_PAUSE)
                with trio.move_on_after(1 - SHORTEST_PAUSE):
                    await self._changed.wait()


def can_be_drawn_on(console: Console) -> bool:
    """Whether lines can be replaced: not in a file, a pipe or a terminal that knows nothing."""
    return console.is_terminal and not console.is_dumb_terminal
