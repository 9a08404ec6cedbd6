"""`arena bots`: list the bots of an arena, check bots written as files, and open them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import click
import trio
from rich.console import Console
from rich.table import Table
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaClient, ArenaError, Json, arena_client
from arena.cli.bot_files import BotFile, BotFileWrong, read
from arena.cli.failure import fail, settings_or_exit
from arena.economy import format_sol
from arena.game.terms import endpoints
from arena.keys import read_keypair

OPEN_TIMEOUT = 60.0
"""Seconds until a bot that was sent is on the chain."""
PRICES_SHOWN = (1, 10, 100, 1000)
LIVE = {"opening", "open"}

_url = click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
_files = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)


@click.group()
def bots() -> None:
    """List, check and open bots."""


@bots.command("list")
@_url
@click.option("--status", help="Only these: open, solved, expired, closed, halted.")
@click.option("--creator", help="Only those of this wallet.")
@click.option("--sort", default="newest", type=click.Choice(["newest", "pot", "price", "ending", "played"]))
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def list_bots(url: str, status: str | None, creator: str | None, sort: str, as_json: bool) -> None:
    """List the bots of an arena."""
    wanted = {"sort": sort, "limit": "100"}
    wanted |= {"status": status} if status else {}
    wanted |= {"creator": creator} if creator else {}
    try:
        found = trio.run(partial(_list, url, wanted))
    except ArenaError as error:
        fail(str(error))
    if as_json:
        for bot in found:
            click.echo(json.dumps(bot))
        return
    table = Table()
    for column in ("bot", "name", "kind", "status", "pot", "next message", "messages"):
        table.add_column(column, justify="right" if column in ("pot", "next message", "messages") else "left")
    for bot in found:
        table.add_row(
            bot["id"],
            bot["name"],
            bot["kind"],
            bot["status"],
            format_sol(bot["pot"]),
            format_sol(bot["next_price"]),
            str(bot["message_count"]),
        )
    Console().print(table)


@bots.command("check")
@_files
def check_bots(files: tuple[Path, ...]) -> None:
    """Check bot files, and show what they cost."""
    for file in _read_all(files):
        click.echo(f"{file.path}: {file.name}")
        click.echo(f"  {format_sol(file.initial_pot)} in the pot, and the rent of its account")
        prices = ", ".join(f"{format_sol(file.fees.price(n - 1))} ({n})" for n in PRICES_SHOWN)
        click.echo(f"  a message costs {prices}; ends after {file.life}")


@bots.command("open")
@_files
@_url
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The creator's key file, as solana-keygen writes it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def open_bots(files: tuple[Path, ...], url: str, key: Path, yes: bool) -> None:
    """Open bots from files. One whose name a live bot of this wallet has already is left alone: it may be repeated.

    Exit code 0: all are open; 1: some are not.
    """
    try:
        wallet = read_keypair(key)
    except (OSError, ValueError) as error:
        fail(f"{key}: {error}")
    checked = _read_all(files)
    total = sum(file.initial_pot for file in checked)
    if not yes and not click.confirm(
        f"Open {len(checked)} bots with {format_sol(total)} of {wallet.pubkey()}?"
    ):
        fail("nothing was done")
    failures = trio.run(_open_all, url, wallet, checked)
    if failures:
        fail(*failures)


def _read_all(files: tuple[Path, ...]) -> list[BotFile]:
    """All of them, or the end with a line for each thing that is wrong."""
    settings = settings_or_exit()
    checked: list[BotFile] = []
    wrong: list[str] = []
    for path in files:
        try:
            checked.append(read(path, endpoints(settings)))
        except BotFileWrong as error:
            wrong += error.lines
    if wrong:
        fail(*wrong)
    return checked


async def _list(url: str, wanted: dict[str, str]) -> list[Json]:
    async with arena_client(url, Keypair()) as client:
        return [bot async for bot in _pages(client, "/bots", wanted)]


async def _pages(client: ArenaClient, path: str, wanted: dict[str, str]) -> AsyncIterator[Json]:
    """All bots of a list."""
    cursor: str | None = None
    while True:
        asked = wanted if cursor is None else {**wanted, "cursor": cursor}
        page = await client.call("GET", f"{path}?{urlencode(asked)}")
        for bot in page["bots"]:
            yield bot
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def _open_all(url: str, wallet: Keypair, files: list[BotFile]) -> list[str]:
    """What went wrong, a line each."""
    failures: list[str] = []
    try:
        async with arena_client(url, wallet) as client:
            await client.sign_in()
            live = {
                bot["name"]
                async for bot in _pages(client, "/users/me/bots", {"limit": "100"})
                if bot["status"] in LIVE
            }
            for file in files:
                if file.name in live:
                    click.echo(f"{file.path}: {file.name} is there already")
                    continue
                try:
                    bot_id = await _open(client, file)
                except ArenaError as error:
                    failures.append(f"{file.path}: {error}")
                else:
                    live.add(file.name)
                    click.echo(f"{file.path}: {file.name} is open, {bot_id}")
    except ArenaError as error:
        failures.append(str(error))
    return failures


async def _open(client: ArenaClient, file: BotFile) -> str:
    """Draft it, sign, open, and wait until it takes messages; its id."""
    bot, _ = await client.open_bot(file.request())
    with trio.move_on_after(OPEN_TIMEOUT):
        while True:
            found = await client.call("GET", f"/bots/{bot['id']}")
            if found["status"] == "open":
                return str(bot["id"])
            if found["status"] == "draft":
                why = (found.get("opening_error") or {}).get("detail", "the chain did not take it")
                raise ArenaError("not_opened", str(why))
            await trio.sleep(0.2)
    raise ArenaError("not_opened", f"it is not on the chain after {OPEN_TIMEOUT:.0f} seconds: look again")
