"""How a bot's transactions changed balances, read from the chain."""

from __future__ import annotations

from solders.pubkey import Pubkey
from solders.signature import Signature

from arena.chain.client import ChainClient
from arena.cli.demo_books import Movement


async def movements(chain: ChainClient, address: Pubkey) -> list[Movement]:
    """All transactions in which `address` took part, each with what it changed.

    Raises:
        ChainUnavailable: the node cannot be asked.
    """
    found: list[Movement] = []
    for info in await chain.signatures_for(address):
        changes = await chain.balance_changes(info.signature)
        found.append(Movement(Signature.from_string(info.signature), changes))
    return found
