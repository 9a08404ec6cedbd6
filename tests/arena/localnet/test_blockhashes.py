"""Blockhashes are unguessable, live 150 slots, and a transaction is executed once."""

import pytest
import trio
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.hash import Hash
from solders.keypair import Keypair

from arena.localnet.blockhashes import LIFETIME, BlockhashWindow
from tests.arena.localnet.support import SOL, Chain, eventually, memo, pay


async def test_a_signature_is_executed_once(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    transaction = await chain.signed([alice], pay(alice, bob.pubkey(), SOL))
    signature = (await chain.client.send_raw_transaction(bytes(transaction))).value
    await chain.reach(signature, "confirmed")
    with pytest.raises(RPCException, match="already been processed"):
        await chain.client.send_raw_transaction(bytes(transaction))
    again = await chain.client.send_raw_transaction(bytes(transaction), TxOpts(skip_preflight=True))
    assert again.value == signature
    assert await chain.balance(bob.pubkey()) == SOL


async def test_simultaneous_sends_of_one_transaction_execute_it_once(chain: Chain) -> None:
    alice, bob = await chain.funded(), Keypair()
    transaction = await chain.signed([alice], pay(alice, bob.pubkey(), SOL))
    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(
                chain.client.send_raw_transaction, bytes(transaction), TxOpts(skip_preflight=True)
            )
    assert await chain.balance(bob.pubkey()) == SOL
    rows = await eventually(
        lambda: chain.result("getSignaturesForAddress", str(bob.pubkey()), {"commitment": "confirmed"})
    )
    assert len(rows) == 1


async def test_an_expired_blockhash_is_dead(fast_chain: Chain) -> None:
    chain = fast_chain
    alice = await chain.funded()
    value = (await chain.result("getLatestBlockhash", {"commitment": "confirmed"}))["value"]
    blockhash = Hash.from_string(value["blockhash"])
    transaction = await chain.signed([alice], memo(b"late", alice), blockhash=blockhash)

    async def valid() -> bool:
        config = {"commitment": "processed"}
        answer: bool = (await chain.result("isBlockhashValid", value["blockhash"], config))["value"]
        return answer

    assert await valid()

    async def expired() -> bool:
        return not await valid()

    await eventually(expired)
    assert await chain.result("getBlockHeight", {"commitment": "processed"}) > value["lastValidBlockHeight"]
    with pytest.raises(RPCException, match="Blockhash not found"):
        await chain.client.send_raw_transaction(bytes(transaction))
    await chain.client.send_raw_transaction(bytes(transaction), TxOpts(skip_preflight=True))
    assert await chain.status(transaction.signatures[0]) is None
    assert await chain.balance(alice.pubkey()) == 10 * SOL
    assert (await chain.client.get_fee_for_message(transaction.message)).value is None


async def test_invented_blockhashes_are_refused(chain: Chain) -> None:
    alice = await chain.funded()
    transaction = await chain.signed([alice], memo(b"x", alice), blockhash=Hash.new_unique())
    with pytest.raises(RPCException, match="Blockhash not found"):
        await chain.client.send_raw_transaction(bytes(transaction))


def test_a_window_holds_the_hashes_of_150_slots_and_the_current_one() -> None:
    window = BlockhashWindow(b"secret")
    window.advance(1000)
    oldest = window.latest(1000 - LIFETIME)
    assert oldest.slot == 1000 - LIFETIME
    assert window.usable(oldest.hash, 1000)
    assert not window.usable(window.latest(1000).hash, 999)
    window.advance(1001)
    assert not window.usable(oldest.hash, 1001)
    window.advance(5000)  # a jump
    assert window.latest(5000).last_valid_block_height == 5150
    assert window.recent(3)[0][0] == 4999


def test_a_window_is_the_same_after_a_restart_and_different_for_another_chain() -> None:
    def latest(secret: bytes) -> Hash:
        window = BlockhashWindow(secret)
        window.advance(77)
        return window.latest(77).hash

    assert latest(b"a") == latest(b"a") != latest(b"b")
