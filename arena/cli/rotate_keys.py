"""`arena rotate-keys`: the admin gives bots new quote and payout keys. Needs a node; no server, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.accounts import AccountMalformed, BotAccount, decode_bot
from arena.chain.client import ChainClient, ChainUnavailable, Commitment
from arena.chain.fleet import bots_of_admin
from arena.chain.instructions import rotate_keys
from arena.chain.own_transactions import own_transaction
from arena.chain.patient import PatientClient
from arena.chain.submitter import Outgoing, TransactionKind
from arena.cli.addresses import address
from arena.cli.endpoints import NoArena, program_of, rpc_url_of
from arena.cli.failure import fail, settings_or_exit
from arena.cli.landing import land, what_went_wrong
from arena.economy import format_sol
from arena.keys import load_keys, read_keypair
from arena.settings import Settings, SettingsError

UNREADABLE = 3
SIGNATURE_FEE: Final = 5_000
"""Lamports a signature, https://solana.com/docs/core/fees."""
AT_ONCE = 256
"""Rotations under way at once: what a blockhash's life is long enough for."""


class NotRotated(Exception):
    """Nothing was sent; the message says why."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Who gives which keys."""

    program_id: Pubkey
    admin: Keypair
    payer: Keypair
    quote_key: Pubkey
    payout_key: Pubkey

    @property
    def fee(self) -> int:
        """Lamports that the network takes for one bot."""
        return SIGNATURE_FEE * (1 if self.payer.pubkey() == self.admin.pubkey() else 2)

    def is_done(self, bot: BotAccount) -> bool:
        return (bot.quote_key, bot.payout_key) == (self.quote_key, self.payout_key)


@click.command("rotate-keys")
@click.argument("bot_addresses", type=address, nargs=-1)
@click.option("--admin", type=click.Path(path_type=Path, dir_okay=False), help="The admin's key file.")
@click.option(
    "--payer",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Of whoever pays the network's fees: a key file.  [default: the admin]",
)
@click.option("--quote-key", type=address, help="The new one's address.  [default: of the settings' key]")
@click.option("--payout-key", type=address, help="The new one's address.  [default: of the settings' key]")
@click.option("--rpc", help="A node of the chain.  [default: that of the settings, or the local chain]")
@click.option("--program", type=address, help="The arena's program.  [default: that of the settings]")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rotate(
    bot_addresses: tuple[Pubkey, ...],
    admin: Path | None,
    payer: Path | None,
    quote_key: Pubkey | None,
    payout_key: Pubkey | None,
    rpc: str | None,
    program: Pubkey | None,
    yes: bool,
) -> None:
    """Give all open bots of the admin new keys, or only those at BOT_ADDRESSES. Bots that have them are left alone, so
    it may be repeated until all are done.

    Exit code 0: all have the new keys, finally; 1: some have not; 3: the chain cannot be read.
    """
    settings = settings_or_exit()
    admin_path = admin or settings.arena_data_dir / "keys" / "admin.json"
    admin_key = _key(admin_path)
    if quote_key is None or payout_key is None:
        try:
            ours = load_keys(settings)
        except SettingsError as error:
            fail(*error.problems, code=2)
        quote_key, payout_key = quote_key or ours.quote_pubkey, payout_key or ours.payout_pubkey
    if quote_key == payout_key:
        fail("quote key and payout key must be two keys", code=2)
    rotation = Rotation(
        program or program_of(settings),
        admin_key,
        _key(payer) if payer else admin_key,
        quote_key,
        payout_key,
    )
    _run(rotation, rpc or _rpc(settings), bot_addresses, yes=yes)


def _run(rotation: Rotation, rpc: str, addresses: tuple[Pubkey, ...], *, yes: bool) -> None:
    try:
        todo = trio.run(_todo, rotation, rpc, addresses)
        if not todo:
            click.echo("All bots have these keys.")
            return
        _show(rotation, todo)
        if not yes and not click.confirm("Rotate?"):
            fail("nothing was done")
        failures = trio.run(_rotate, rotation, rpc, todo)
    except NotRotated as error:
        fail(str(error))
    except (ChainUnavailable, AccountMalformed, ValueError) as error:
        fail(str(error), code=UNREADABLE)
    except KeyboardInterrupt:
        fail("interrupted; start it again, what is done stays done")
    if failures:
        fail(*failures, "start it again: what is done stays done")
    click.echo(f"{len(todo)} bots have the new keys, finally.")


async def _todo(rotation: Rotation, rpc: str, addresses: Sequence[Pubkey]) -> list[tuple[Pubkey, BotAccount]]:
    """The bots that have other keys.

    Raises:
        NotRotated: one that was asked for is not the admin's, or there is too little money.
    """
    async with PatientClient(rpc, Commitment.CONFIRMED) as client:
        bots = await _bots(client, rotation, addresses)
        todo = [(bot_address, bot) for bot_address, bot in bots if not rotation.is_done(bot)]
        payer = rotation.payer.pubkey()
        needed = rotation.fee * len(todo) + await client.rent_exempt_minimum(0)
        held = await client.balance(payer)
        if todo and held < needed:
            raise NotRotated(
                f"{payer} pays the network's fees and holds {format_sol(held)}: send it {format_sol(needed - held)}"
            )
        return todo


async def _bots(
    client: ChainClient, rotation: Rotation, addresses: Sequence[Pubkey]
) -> list[tuple[Pubkey, BotAccount]]:
    admin = rotation.admin.pubkey()
    if not addresses:
        return await bots_of_admin(client, rotation.program_id, admin)
    found = []
    for bot_address, state in zip(addresses, await client.accounts(addresses), strict=True):
        if state is None or state.owner != rotation.program_id:
            raise NotRotated(
                f"there is no bot at {bot_address}: it is closed, was never opened, or belongs elsewhere"
            )
        bot = decode_bot(state.data)
        if bot.admin != admin:
            raise NotRotated(f"{bot_address} has another admin: {bot.admin}")
        found.append((bot_address, bot))
    return found


async def _rotate(rotation: Rotation, rpc: str, todo: Sequence[tuple[Pubkey, BotAccount]]) -> list[str]:
    """Give these bots the new keys; what went wrong, a line each."""
    failures = []
    async with PatientClient(rpc, Commitment.CONFIRMED) as client:
        for start in range(0, len(todo), AT_ONCE):
            chunk = todo[start : start + AT_ONCE]
            sent = [await _signed(client, rotation, bot_address, bot) for bot_address, bot in chunk]
            outcomes = await land(client, sent)
            for (bot_address, _), outgoing in zip(chunk, sent, strict=True):
                if why := what_went_wrong(outcomes[outgoing.signature]):
                    failures.append(f"{bot_address}: {why}")
            click.echo(f"{start + len(sent)} of {len(todo)} ...", err=True)
    return failures


async def _signed(client: ChainClient, rotation: Rotation, bot_address: Pubkey, bot: BotAccount) -> Outgoing:
    instruction = rotate_keys(
        rotation.program_id,
        bot=bot_address,
        admin=rotation.admin.pubkey(),
        quote_key=rotation.quote_key,
        payout_key=rotation.payout_key,
    )
    blockhash = await client.latest_blockhash()
    signed = own_transaction([instruction], rotation.payer, blockhash, cosigners=[rotation.admin])
    return Outgoing(
        signed.signature,
        signed.transaction,
        blockhash.last_valid_block_height,
        TransactionKind.ROTATE,
        bot.bot_id,
    )


def _show(rotation: Rotation, todo: Sequence[tuple[Pubkey, BotAccount]]) -> None:
    click.echo(f"Quote key {rotation.quote_key} and payout key {rotation.payout_key} for")
    for bot_address, bot in todo:
        click.echo(f"  {bot_address}  {bot.status.name.lower():<6}  {format_sol(bot.pot)}")
    click.echo(f"The network takes {format_sol(rotation.fee * len(todo))} from {rotation.payer.pubkey()}.")


def _key(path: Path) -> Keypair:
    try:
        return read_keypair(path)
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


def _rpc(settings: Settings) -> str:
    try:
        return rpc_url_of(settings)
    except NoArena as error:
        fail(str(error), code=UNREADABLE)
