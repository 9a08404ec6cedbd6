"""`arena refund`: an operator decides about a halted bot."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import trio
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaClient, ArenaError, Json, arena_client
from arena.cli.failure import fail
from arena.economy import format_sol
from arena.keys import read_keypair

PATIENCE = 60.0
"""Seconds that the bot gets for what was decided."""
WORDS: Final = {
    "BotCreated": "was opened by",
    "MessageFeeRecorded": "was paid by",
    "MessageFeeRefunded": "was refunded to",
    "RewardSettled": "was won by",
    "BotClosed": "was closed",
    "KeysRotated": "got other keys",
}


@click.command()
@click.argument("bot_id", type=click.UUID)
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".arena/keys/admin.json"),
    show_default=True,
    help="Of an operator: a key file, as solana-keygen writes it.",
)
@click.option("--reason", default="", help="For the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def refund(bot_id: object, url: str, key: Path, reason: str, yes: bool) -> None:
    """Let a halted bot go on: fees that the database does not know are refunded, and what else the chain says happened
    is taken for true.

    Exit code 0: it goes on; 1: it does not.
    """
    try:
        wallet = read_keypair(key)
    except (OSError, ValueError) as error:
        fail(f"{key}: {error}")
    path = f"/admin/bots/{bot_id}"
    try:
        halt = trio.run(_call, url, wallet, "GET", f"{path}/halt")
        _show(halt)
        if not yes and not click.confirm("Take the chain's word for this, and go on?"):
            fail("nothing was done")
        up_to = max((event["event_seq"] for event in halt["events"]), default=halt["event_seq"])
        outcome = trio.run(_resume, url, wallet, path, {"up_to": up_to, "reason": reason})
    except ArenaError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted; look with arena refund whether the bot is still halted")
    if outcome is not None:
        fail(outcome)
    click.echo("It goes on. What is owed is refunded as soon as it is final.")


async def _call(url: str, wallet: Keypair, method: str, path: str) -> Json:
    async with arena_client(url, wallet) as client:
        await client.sign_in()
        return await client.call(method, path)


async def _resume(url: str, wallet: Keypair, path: str, decision: Json) -> str | None:
    """None, or why it does not go on."""
    async with arena_client(url, wallet) as client:
        await client.sign_in()
        await client.call("POST", f"{path}/resume", decision)
        with trio.move_on_after(PATIENCE):
            return await _watch(client, path, decision["up_to"])
    return f"it goes on, and has not come to event {decision['up_to']} in {PATIENCE:.0f} seconds"


async def _watch(client: ArenaClient, path: str, up_to: int) -> str | None:
    bot_id = path.rpartition("/")[2]
    while True:
        details = (await client.call("GET", f"/admin/actors/game/bots/{bot_id}"))["details"]
        if details["status"] == "halted":
            return (
                f"it halted again at event {details['event_seq'] + 1}: "
                "that contradicts the database, or is newer; look again"
            )
        if details["event_seq"] >= up_to:
            return None
        await trio.sleep(0.2)


def _show(halt: Json) -> None:
    click.echo(
        f"{halt['name']} ({halt['address']}) has taken in {halt['event_seq']} events of the chain. Since:"
    )
    for event in halt["events"]:
        what = "the bot" if event["message_index"] is None else f"message {event['message_index']}"
        amount = "" if event["amount"] is None else f", {format_sol(event['amount'])}"
        who = event["wallet"] or ""
        said = f"{what} {WORDS.get(event['kind'], event['kind'])} {who}".rstrip()
        click.echo(f"  {event['event_seq']:>6}  {said}{amount}")
        click.echo(f"          {event['signature']}")
    if not halt["events"]:
        click.echo("  nothing that is final")
