"""`arena demo`: play one whole round against a running arena, through its public interfaces only."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import click
import trio
from rich.console import Console
from rich.table import Table
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.brains import matches
from arena.chain.client import ChainClient, ChainUnavailable, Commitment
from arena.cli.arena_client import ArenaClient, ArenaError, Chat, Json, arena_client
from arena.cli.demo_books import Line, Round, total_changes
from arena.cli.demo_chain import movements
from arena.cli.failure import fail
from arena.economy import LAMPORTS_PER_SOL, FeeSchedule, format_sol
from arena.ids import new_id

FAUCET = 2 * LAMPORTS_PER_SOL
INITIAL_POT = LAMPORTS_PER_SOL // 2
FEES = FeeSchedule(base=LAMPORTS_PER_SOL // 100, growth_bps=500, cap=LAMPORTS_PER_SOL // 10)
PHRASE = "the northern lights"
WRONG = ("Is it a lighthouse?", "Then it must be the moon.")
SOLVING = "I say: the northern lights!"
OPEN_TIMEOUT = 60.0
VERDICT_TIMEOUT = 60.0
SETTLEMENT_TIMEOUT = 180.0
PIPE_WIDTH = 120


@click.command()
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
def demo(url: str) -> None:
    """Play one whole round as two fresh wallets, and check every balance to the lamport."""
    # a pipe has no width of its own
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    try:
        right = trio.run(_play, url, console)
    except (ArenaError, ChainUnavailable) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted")
    if not right:
        fail("the figures are not right")


@dataclass(slots=True)
class _Stage:
    """Who is on it."""

    console: Console
    chain: ChainClient
    creator: ArenaClient
    player: ArenaClient
    platform: Pubkey
    payout_key: Pubkey
    started_at: float

    def say(self, text: str) -> None:
        self.console.print(
            f"[dim]{time.monotonic() - self.started_at:6.1f} s[/dim]  {text}", highlight=False, soft_wrap=True
        )


async def _play(url: str, console: Console) -> bool:
    async with AsyncExitStack() as stack:
        creator = await stack.enter_async_context(arena_client(url, Keypair()))
        player = await stack.enter_async_context(arena_client(url, Keypair()))
        config = await creator.call("GET", "/chain")
        if not config["faucet"]:
            raise ArenaError("no_faucet", "the demo needs play money: it runs on the local chain only")
        chain = await stack.enter_async_context(ChainClient(config["rpc_url"], Commitment.CONFIRMED))
        stage = _Stage(
            console,
            chain,
            creator,
            player,
            Pubkey.from_string(config["platform_wallet"]),
            Pubkey.from_string(config["payout_key"]),
            time.monotonic(),
        )
        stage.say(f"arena at {url}, chain at {config['rpc_url']}")
        await _fund(stage)
        before = await _balances(stage)
        bot = await _open(stage)
        prices = await _chat(stage, bot)
        await _wait("the bot's account to be closed", SETTLEMENT_TIMEOUT, lambda: _closed(stage, bot))
        return await _account(
            stage, bot, before, Round(prices, INITIAL_POT, bot["pot_bps"], bot["creator_bps"])
        )


async def _fund(stage: _Stage) -> None:
    for name, client in (("creator", stage.creator), ("player", stage.player)):
        await client.sign_in()
        await client.call("POST", "/faucet", {"address": client.address, "lamports": FAUCET})
        stage.say(f"{name} [cyan]{client.address}[/cyan] signed in, {format_sol(FAUCET)} from the faucet")
    await _wait("the faucet", OPEN_TIMEOUT, lambda: _funded(stage))


async def _funded(stage: _Stage) -> bool:
    wallets = [client.wallet.pubkey() for client in (stage.creator, stage.player)]
    accounts = await stage.chain.accounts(wallets)
    return all(account is not None and account.lamports >= FAUCET for account in accounts)


async def _open(stage: _Stage) -> Json:
    bot, signature = await stage.creator.open_bot(
        {
            "name": f"Demo {secrets.token_hex(3)}",
            "kind": "passphrase",
            "public": {
                "persona": "Boreas, who guards the winter sky",
                "objective": "Say what dances over the pole at night.",
                "hints": [{"after_messages": 2, "text": "It is green more often than not."}],
            },
            "secret": {"phrase": PHRASE},
            "fee_base": FEES.base,
            "fee_growth_bps": FEES.growth_bps,
            "fee_cap": FEES.cap,
            "initial_pot": INITIAL_POT,
            "closes_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
    )
    stage.say(f"creator opens [bold]{bot['name']}[/bold] with {format_sol(INITIAL_POT)}, {signature[:16]}…")

    async def is_open() -> bool:
        return bool((await stage.creator.call("GET", f"/bots/{bot['id']}"))["status"] == "open")

    await _wait("the bot to open", OPEN_TIMEOUT, is_open)
    stage.say("the bot is open")
    return bot


async def _chat(stage: _Stage, bot: Json) -> list[int]:
    """Two wrong messages and the solving one; what each cost."""
    prices: list[int] = []
    async with stage.player.chat(bot["id"]) as chat:
        for text in (*WRONG, SOLVING):
            prices.append(await _say_and_pay(stage, chat, text))
        with _within(SETTLEMENT_TIMEOUT, "the settlement"):
            while True:
                frame = await chat.until("settlement")
                match frame["status"]:
                    case "solved":
                        stage.say(f"[green]solved[/green]: {format_sol(frame['reward'])} to win")
                    case "paid":
                        stage.say(f"[green]paid[/green] to {frame['winner']}, {frame['signature'][:16]}…")
                        _check_reveal(stage, bot, frame["reveal"])
                    case "closed":
                        stage.say("the bot is closed, its account is gone")
                        return prices
                    case other:
                        raise ArenaError("unexpected", f"the bot is {other}")


def _check_reveal(stage: _Stage, bot: Json, reveal: Json) -> None:
    """The revealed puzzle must be the one whose hash went on chain when the bot was opened."""
    committed, salt = bytes.fromhex(bot["objective_hash"]), bytes.fromhex(reveal["salt"])
    if not matches(committed, salt, reveal["kind"], reveal["public"], reveal["secret"]):
        raise ArenaError("wrong_reveal", "the revealed puzzle is not the one that was committed to")
    stage.say(f"revealed: “{reveal['secret']['phrase']}”, as committed to by {bot['objective_hash'][:16]}…")


async def _say_and_pay(stage: _Stage, chat: Chat, text: str) -> int:
    message_id: UUID = new_id()
    with _within(VERDICT_TIMEOUT, "the verdict"):
        await chat.send(type="message", id=message_id, text=text)
        quote = await chat.until("quote", of=message_id)
        stage.say(f"player: {text}   [dim]({format_sol(quote['amount'])})[/dim]")
        await chat.send(type="pay", id=message_id, transaction=stage.player.sign(quote["transaction"]))
        while True:
            frame = await chat.until("payment", "reply", of=message_id)
            match frame["type"], frame.get("status"):
                case "payment", "accepted":
                    pass
                case "payment", "confirmed":
                    stage.say(f"        paid as message {frame['message_index']}, {frame['signature'][:16]}…")
                case "payment", status:
                    raise ArenaError(
                        "payment_failed",
                        f"the payment is {status}: {frame.get('detail') or frame.get('code')}",
                    )
                case _:
                    stage.say(f"{frame['verdict']}: {frame['reply']}")
                    return int(quote["amount"])


async def _balances(stage: _Stage) -> dict[str, int]:
    return {
        "creator": await stage.chain.balance(stage.creator.wallet.pubkey()),
        "player": await stage.chain.balance(stage.player.wallet.pubkey()),
        "platform": await stage.chain.balance(stage.platform),
        "payout key": await stage.chain.balance(stage.payout_key),
    }


async def _closed(stage: _Stage, bot: Json) -> bool:
    return await stage.chain.account(Pubkey.from_string(bot["address"])) is None


async def _account(stage: _Stage, bot: Json, before: dict[str, int], played: Round) -> bool:
    """Print the table. The two wallets of the round, and the bot, belong to it alone: their balances count.

    The platform's wallet and the payout key serve other bots at the same time; of theirs counts what this bot's
    transactions moved.
    """
    address = Pubkey.from_string(bot["address"])
    after = await _balances(stage)
    moved = total_changes(await movements(stage.chain, address))
    expected = played.expected()
    lines = [
        Line(name, str(client.wallet.pubkey()), before[name], after[name], expected[name])
        for name, client in (("creator", stage.creator), ("player", stage.player))
    ]
    lines.append(Line("bot", bot["address"], 0, await stage.chain.balance(address), expected["bot"]))
    lines += [
        Line(name, str(key), before[name], before[name] + moved.get(key, 0), expected[name])
        for name, key in (("platform", stage.platform), ("payout key", stage.payout_key))
    ]
    network = -sum(moved.values())
    table = Table(title="Lamports, as the chain has them")
    for column in ("", "wallet", "before", "after", "change", "expected", ""):
        table.add_column(column, justify="left" if column in ("", "wallet") else "right", no_wrap=True)
    for line in lines:
        table.add_row(
            line.name,
            f"{line.address[:8]}…",
            f"{line.before:,}",
            f"{line.after:,}",
            f"{line.change:+,}",
            f"{line.expected:+,}",
            "[green]right[/green]" if line.right else "[red]wrong[/red]",
        )
    stage.console.print(table)
    balanced = sum(line.change for line in lines) == -network
    stage.console.print(
        f"The network's fees: {network:,} lamports. Nothing is left over: {'yes' if balanced else 'no'}."
    )
    return balanced and all(line.right for line in lines)


@contextmanager
def _within(seconds: float, what: str) -> Iterator[None]:
    """A time limit that says what it was waiting for."""
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError:
        raise ArenaError("timeout", f"{what} did not come within {seconds:.0f} seconds") from None


async def _wait(what: str, seconds: float, probe: Callable[[], Awaitable[bool]]) -> None:
    with _within(seconds, what):
        while not await probe():
            await trio.sleep(0.1)
