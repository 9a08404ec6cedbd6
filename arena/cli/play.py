"""`arena play`: choose a bot, talk to it, pay each message, win its pot."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.cli.arena_client import ArenaClient, ArenaError, Json, arena_client
from arena.cli.failure import fail
from arena.cli.plain import plain
from arena.cli.playing.choosing import find_bot, listed, open_bots
from arena.cli.playing.game import Agreement, Game, Outcome
from arena.cli.playing.pending import PendingPayments
from arena.cli.playing.screen import Pipe, Program, Screen, on_terminal
from arena.cli.playing.wallet_file import WalletFileWrong, default_path, load_wallet
from arena.economy import format_sol, parse_sol

GIFT = 2_000_000_000
GIFT_WITHIN = 30.0
NETWORK_FEE = 10_000
"""Of a payment, in lamports: two signatures."""
EXIT_CODES = {Outcome.LEFT: 0, Outcome.WON: 0, Outcome.OVER: 3, Outcome.INTERRUPTED: 130}


def _lamports(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else parse_sol(f"{value.strip()} SOL")
    except ValueError as error:
        raise click.BadParameter("an amount of SOL, such as 0.02") from error


@click.command()
@click.argument("bot", required=False)
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
@click.option("--wallet", type=click.Path(path_type=Path), help="Key file; made if there is none.")
@click.option("--yes", is_flag=True, help="Pay without being asked.")
@click.option("--max-price", callback=_lamports, metavar="SOL", help="Ask only above that.")
@click.option("--faucet", is_flag=True, help="Take play money when the wallet is empty (local chain).")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, both ways.")
def play(
    bot: str | None,
    url: str,
    wallet: Path | None,
    yes: bool,
    max_price: int | None,
    faucet: bool,
    as_json: bool,
) -> None:
    """Talk to BOT (an id, or a part of its name); without it, to one of a list."""
    people = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    agreement = Agreement(always=yes, up_to=max_price)
    if not people and not yes and max_price is None:
        fail("nobody can be asked for prices here: give --yes or --max-price", code=2)
    if not people and bot is None:
        fail("nobody can choose here: name a bot", code=2)
    path = wallet or default_path()
    try:
        keypair, made = load_wallet(path)
        pending = PendingPayments(path)
        if made and not as_json:
            click.echo(f"A new wallet is in {path}. Whoever has this file has what it holds.")
        outcome = trio.run(partial(_play, url, keypair, pending, agreement, bot, people, as_json, faucet))
    except (ArenaError, WalletFileWrong, ValueError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        outcome = Outcome.INTERRUPTED
    except BaseExceptionGroup as group:
        # ctrl-C while several tasks run
        if group.split(KeyboardInterrupt)[1] is not None:
            raise
        outcome = Outcome.INTERRUPTED
    raise SystemExit(EXIT_CODES[outcome])


async def _play(
    url: str,
    keypair: Keypair,
    pending: PendingPayments,
    agreement: Agreement,
    wanted: str | None,
    people: bool,
    as_json: bool,
    faucet: bool,
) -> Outcome:
    async with arena_client(url, keypair) as client:
        await client.sign_in()
        chain = await client.call("GET", "/chain")
        bot = await find_bot(client, wanted) if wanted is not None else await _choose(client)
        balance = await _fund(client, bot, open_=bool(chain["faucet"]), unasked=faucet, people=people)
        session = await client.call("GET", f"/chats/{bot['id']}")
        with _screen(people, as_json) as screen:
            screen.event({"type": "ready", "wallet": client.address, "balance": balance, "bot": bot})
            for line in _introduced(client, bot, balance):
                screen.say(line)
            game = Game(
                client,
                screen,
                pending,
                agreement,
                bot=bot,
                session=session,
                program=Pubkey.from_string(chain["program_id"]),
            )
            return await game.play()


@contextmanager
def _screen(people: bool, as_json: bool) -> Iterator[Screen]:
    if not people:
        yield Program() if as_json else Pipe()
        return
    with on_terminal() as terminal:
        yield terminal


async def _choose(client: ArenaClient) -> Json:
    bots = await open_bots(client)
    if not bots:
        raise ArenaError("bot_not_found", "no bot is open right now")
    for line in listed(bots):
        click.echo(line)
    while True:
        answer: str = click.prompt("Which one (number, or a part of its name)", default="1")
        if answer.isdigit() and 0 < int(answer) <= len(bots):
            return await find_bot(client, bots[int(answer) - 1]["id"])
        try:
            return await find_bot(client, answer)
        except ArenaError as error:
            click.echo(error)


async def _fund(client: ArenaClient, bot: Json, *, open_: bool, unasked: bool, people: bool) -> int:
    """What the wallet holds, after the faucet has given if that is wanted."""
    path = f"/wallets/{client.address}"
    balance = int((await client.call("GET", path))["lamports"])
    if balance >= bot["next_price"] + NETWORK_FEE or not open_:
        return balance
    if not unasked and not (
        people
        and click.confirm(f"The wallet holds {format_sol(balance)}. Take {format_sol(GIFT)}?", default=True)
    ):
        return balance
    await client.call("POST", "/faucet", {"address": client.address, "lamports": GIFT})
    with trio.move_on_after(GIFT_WITHIN):
        while (now := int((await client.call("GET", path))["lamports"])) == balance:
            await trio.sleep(0.2)
        return now
    return balance


def _introduced(client: ArenaClient, bot: Json, balance: int) -> list[str]:
    public = bot["public"]
    lines = [
        f"{plain(bot['name'])}: {plain(public.get('persona', ''), lines=True)}",
        f"Your task: {plain(public.get('objective', ''), lines=True)}",
        *(f"hint: {plain(hint['text'])}" for hint in public.get("hints") or []),
        f"Pot {format_sol(bot['pot'])}. The next message costs {format_sol(bot['next_price'])}, "
        f"at most {format_sol(bot['fee_cap'])} ever.",
        f"Wallet {client.address} holds {format_sol(balance)}. /help",
    ]
    if bot["status"] != "open":
        lines.append(f"This bot is {plain(bot['status'])}: it takes no messages.")
    return lines
