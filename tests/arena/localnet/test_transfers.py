"""A wallet's view: balances, fees, transactions, through the real client."""

import pytest
from tests.arena.localnet.support import SOL, Chain, memo, pay
from solana.rpc.core import RPCException
from solana.rpc.commitment import Confirmed
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.keypair import Keypair


async def test_a_transfer_moves_lamports_and_the_fee(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    signature = await chain.send([alice], pay(alice, bob.pubkey(), SOL))
    assert await chain.balance(bob.pubkey()) == SOL
    assert await chain.balance(alice.pubkey()) == 9 * SOL - 5000
    await chain.reach(signature, "confirmed")
    landed = await chain.client.get_transaction(signature, commitment=Confirmed)
    assert landed.value is not None
    meta = landed.value.transaction.meta
    assert meta is not None
    assert meta.err is None
    assert meta.fee == 5000
    assert meta.pre_balances[:2] == [10 * SOL, 0]
    assert meta.post_balances[:2] == [9 * SOL - 5000, SOL]
