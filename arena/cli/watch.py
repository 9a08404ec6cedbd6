"""`arena watch`: the lobby, or what is said to one bot, live in a terminal."""

from __future__ import annotations

import sys
from functools import partial

import click

from arena.cli.lobby_board import SORTS
from arena.cli.terminal import run_until_interrupted
from arena.cli.watch_bot import watch_bot
from arena.cli.watch_lobby import watch_lobby


@click.command()
@click.argument("bot", required=False)
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
@click.option(
    "--sort", default="pot", show_default=True, type=click.Choice(list(SORTS)), help="Of the lobby."
)
@click.option(
    "--last",
    default=10,
    show_default=True,
    type=click.IntRange(0, 100),
    help="Messages to begin with, when watching a bot.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One object a line: frames and states of the connection."
)
def watch(bot: str | None, url: str, sort: str, last: int, as_json: bool) -> None:
    """Watch the lobby live, or with BOT (an id or a part of a name) what is said to one bot.

    In a pipe each change is a line. Watching ends with ctrl-C, exit code 0. Exit code 1: there is no such bot.
    """
    # a pipe gets each line when it is there
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if bot is None:
        run_until_interrupted(partial(watch_lobby, url, sort, as_json=as_json))
    else:
        run_until_interrupted(partial(watch_bot, url, bot, last, as_json=as_json))
