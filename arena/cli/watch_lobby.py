"""The lobby live: a table in a terminal, lines in a pipe, objects for programs."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import trio
from rich.console import Console, Group, RenderableType

from arena.cli.live import Live
from arena.cli.lobby_board import Board, line, table
from arena.cli.terminal import Screen, Trouble, can_be_drawn_on, connection_json, connection_line, echo_json


async def watch_lobby(url: str, sort: str, *, as_json: bool) -> None:
    """Until it is cancelled. Raises `ArenaError` if it can never be watched."""
    live = Live(url, "/ws/lobby")
    console = Console(highlight=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(live.run)
        if as_json:
            await _as_objects(live)
        elif can_be_drawn_on(console):
            await _as_table(live, sort, console, nursery)
        else:
            await _as_lines(live)
        nursery.cancel_scope.cancel()


async def _as_objects(live: Live) -> None:
    async for event in live:
        echo_json(event if isinstance(event, dict) else connection_json(event, trio.current_time()))


async def _as_lines(live: Live) -> None:
    board, trouble = Board(), Trouble()
    async for event in live:
        if isinstance(event, dict):
            for bot in board.take(event, trio.current_time()):
                click.echo(line(bot, datetime.now(UTC)))
        else:
            trouble.tell(event, trio.current_time())


async def _as_table(live: Live, sort: str, console: Console, nursery: trio.Nursery) -> None:
    board = Board()

    def render(width: int, height: int) -> RenderableType:
        at = trio.current_time()
        open_bots = sum(bot.is_open for bot in board.bots.values())
        head = connection_line(live.state, at, f"  {open_bots} open, by {sort}")
        return Group(head, table(board, sort, at, datetime.now(UTC), width, height - 1))

    screen = Screen(console, render, whole=True)
    nursery.start_soon(screen.run)
    async for event in live:
        if isinstance(event, dict):
            board.take(event, trio.current_time())
        screen.change()
