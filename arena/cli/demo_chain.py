"""How a bot's transactions changed balances, read from the chain."""

from __future__ import annotations

from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from arena.chain.client import ChainClient, ChainUnavailable
from arena.cli.demo_books import Movement


async def movements(chain: ChainClient, address: Pubkey) -> list[Movement]:
    """All transactions in which `address` took part, each with what it changed.

    Raises:
        ChainUnavailable: the node cannot be asked.
    """
    found: list[Movement] = []
    for info in await chain.signatures_for(address):
        landed = await chain.transaction(info.signature)
        if landed is None:
            raise ChainUnavailable(f"the node lists {info.signature} and does not have it")
        keys = VersionedTransaction.from_bytes(landed.transaction).message.account_keys
        changes = {
            key: after - before
            for key, before, after in zip(keys, landed.balances_before, landed.balances_after, strict=True)
            if after != before
        }
        found.append(Movement(Signature.from_string(info.signature), changes))
    return found
