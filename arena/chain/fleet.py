"""All bots of one admin, found on the chain alone."""

from __future__ import annotations

from typing import Final

from solders.pubkey import Pubkey

from arena.chain.accounts import BOT_SIZE, BotAccount, decode_bot
from arena.chain.client import ChainClient
from arena.chain.program.interface import ACCOUNT_NAME, BOT, discriminator, layout

_ADMIN_OFFSET: Final = next(offset for field, offset in layout(BOT) if field.name == "admin")


async def bots_of_admin(
    client: ChainClient, program_id: Pubkey, admin: Pubkey
) -> list[tuple[Pubkey, BotAccount]]:
    """The bots whose keys `admin` may rotate, with their addresses, by address. Closed ones have no account.

    Raises:
        ChainUnavailable: also if the node does not list accounts, as public ones often do not.
        AccountMalformed: one was written by another version of the program.
    """
    having = {0: discriminator("account", ACCOUNT_NAME), _ADMIN_OFFSET: bytes(admin)}
    addresses = sorted(await client.owned_by(program_id, size=BOT_SIZE, having=having), key=str)
    states = await client.accounts(addresses)
    return [
        (address, decode_bot(state.data))
        for address, state in zip(addresses, states, strict=True)
        if state is not None and state.owner == program_id
    ]
