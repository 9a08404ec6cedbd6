"""`arena close`: anyone closes a bot that its arena left behind, when the grace period is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.sysvar import CLOCK

from arena.audit.closing import Payouts, can_hold, closes_from, payouts
from arena.chain.accounts import AccountMalformed, BotAccount, decode_bot
from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.client import AccountState, ChainClient, ChainUnavailable, Commitment, TransactionRejected
from arena.chain.cosigning import Signed
from arena.chain.errors import program_error
from arena.chain.instructions import close_bot
from arena.chain.own_transactions import own_transaction
from arena.chain.patient import PatientClient
from arena.chain.submitter import Outgoing, TransactionKind
from arena.chain.transaction_errors import custom_code, describe
from arena.cli.addresses import address
from arena.cli.endpoints import NoArena, program_of, rpc_url_of
from arena.cli.failure import fail, settings_or_exit
from arena.cli.landing import land, what_went_wrong
from arena.economy import format_sol
from arena.keys import read_keypair

UNREADABLE = 3
NETWORK_FEE: Final = 5_000
"""Lamports for the closer's signature, https://solana.com/docs/core/fees."""


class NotClosable(Exception):
    """The bot cannot be closed, or not now; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What closing would do."""

    bot: BotAccount
    lamports: int
    pays: Payouts


@click.command("close")
@click.argument("bot_address", type=address)
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Of whoever closes it and pays the network's fee: a key file, as solana-keygen writes it.",
)
@click.option("--rpc", help="A node of the chain.  [default: that of the settings, or the local chain]")
@click.option("--program", type=address, help="The arena's program.  [default: that of the settings]")
@click.option("--yes", is_flag=True, help="Do not ask.")
def close_abandoned(
    bot_address: Pubkey, key: Path, rpc: str | None, program: Pubkey | None, yes: bool
) -> None:
    """Close a bot from the chain alone, seven days after it should have ended. Everybody gets what the books say.

    Exit code 0: it is closed, finally; 1: it cannot be closed, or was not; 3: the chain cannot be read.
    """
    try:
        closer = read_keypair(key)
    except (OSError, ValueError) as error:
        fail(f"{key}: {error}")
    if rpc is None:
        settings = settings_or_exit()
        program = program or program_of(settings)
        try:
            rpc = rpc_url_of(settings)
        except NoArena as error:
            fail(str(error), code=UNREADABLE)
    program = program or DEFAULT_PROGRAM_ID
    try:
        plan = trio.run(_plan, rpc, program, bot_address, closer)
        _show(bot_address, plan)
        if not yes and not click.confirm("Close it?"):
            fail("nothing was done")
        signature = trio.run(_close, rpc, program, bot_address, closer)
    except (NotClosable, TransactionRejected) as error:
        fail(str(error))
    except (ChainUnavailable, ValueError) as error:
        fail(str(error), code=UNREADABLE)
    except KeyboardInterrupt:
        fail("interrupted; look with arena verify whether it is closed")
    click.echo(f"Closed, finally: {signature}")


async def _plan(rpc: str, program_id: Pubkey, address: Pubkey, closer: Keypair) -> Plan:
    """Raises `NotClosable` unless the program would close it now."""
    async with PatientClient(rpc, Commitment.CONFIRMED) as client:
        plan = await _look(client, program_id, address)
        signed, _ = await _signed(client, program_id, address, plan.bot, closer)
        simulated = await client.simulate(signed.transaction)
        if simulated.error is not None:
            raise NotClosable(f"the program would refuse it: {_why(simulated.error)}")
        return plan


async def _look(client: ChainClient, program_id: Pubkey, address: Pubkey) -> Plan:
    state = await client.account(address)
    if state is None or state.owner != program_id:
        raise NotClosable(
            f"there is no bot at {address}: it is closed, was never opened, or belongs elsewhere"
        )
    try:
        bot = decode_bot(state.data)
    except AccountMalformed as error:
        raise NotClosable(f"{address} is no bot of this version: {error}") from error
    now, opens = await _chain_time(client), closes_from(bot)
    if now < opens:
        raise NotClosable(
            f"only the arena may close it now. Anyone may from {_date(opens)} on, in {timedelta(seconds=opens - now)}: "
            f"seven days after its end at {_date(bot.closes_at)}"
        )
    inherits = payouts(bot, state.lamports)
    heir, platform = await client.accounts([bot.heir, bot.platform])
    pays = payouts(
        bot,
        state.lamports,
        heir_can_hold=await _can_hold(client, heir, inherits.to_heir),
        platform_can_hold=await _can_hold(client, platform, inherits.to_platform),
    )
    return Plan(bot, state.lamports, pays)


async def _can_hold(client: ChainClient, wallet: AccountState | None, lamports: int) -> bool:
    minimum = await client.rent_exempt_minimum(len(wallet.data) if wallet else 0)
    return can_hold(wallet, lamports, minimum)


async def _chain_time(client: ChainClient) -> int:
    """The clock that the program reads."""
    clock = await client.account(CLOCK)
    if clock is None or len(clock.data) != 40:
        raise ChainUnavailable("the node does not tell the chain's clock")
    return int.from_bytes(clock.data[32:40], "little", signed=True)


async def _signed(
    client: ChainClient, program_id: Pubkey, address: Pubkey, bot: BotAccount, closer: Keypair
) -> tuple[Signed, int]:
    """The closing, and the last block height at which it can land."""
    instruction = close_bot(
        program_id,
        bot=address,
        closer=closer.pubkey(),
        creator=bot.creator,
        platform=bot.platform,
        heir=bot.heir,
        expected_message_count=bot.message_count,
    )
    blockhash = await client.latest_blockhash()
    return own_transaction([instruction], closer, blockhash), blockhash.last_valid_block_height


async def _close(rpc: str, program_id: Pubkey, address: Pubkey, closer: Keypair) -> str:
    """Send it and wait until it is final; the signature."""
    async with PatientClient(rpc, Commitment.CONFIRMED) as client:
        plan = await _look(client, program_id, address)
        signed, height = await _signed(client, program_id, address, plan.bot, closer)
        outgoing = Outgoing(
            signed.signature, signed.transaction, height, TransactionKind.CLOSE, plan.bot.bot_id
        )
        outcomes = await land(client, [outgoing])
        if why := what_went_wrong(outcomes[outgoing.signature]):
            raise NotClosable(why)
        return outgoing.signature


def _show(address: Pubkey, plan: Plan) -> None:
    bot, pays = plan.bot, plan.pays
    click.echo(f"Closing {address} pays {format_sol(plan.lamports)}:")
    heir = "winner" if bot.winner is not None else "last player" if bot.last_player is not None else "creator"
    for name, wallet, lamports in (
        (heir, pays.heir, pays.to_heir),
        ("platform", pays.platform, pays.to_platform),
        ("creator", pays.creator, pays.to_creator),
    ):
        click.echo(f"  {format_sol(lamports):>20}  to {wallet}  ({name})")
    if pays.forfeited:
        click.echo(
            f"  of the creator's, {format_sol(pays.forfeited)} were of a wallet that cannot hold so little"
        )
    click.echo(f"  the closer pays the network's fee of {NETWORK_FEE} lamports")


def _why(error: object) -> str:
    code = custom_code(error)
    refused = program_error(code) if code is not None else None
    return refused.message if refused is not None else describe(error)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
