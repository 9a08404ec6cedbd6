"""processed, confirmed and finalized are told apart and follow one another in slots."""

import pytest
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.keypair import Keypair

from tests.arena.localnet.support import LEVELS, SOL, Chain, memo, pay


async def test_slots_of_the_three_commitments_keep_their_distance(stepped_chain: Chain) -> None:
    slots = [await stepped_chain.result("getSlot", {"commitment": level}) for level in LEVELS]
    assert [slots[0] - slot for slot in slots] == [0, 1, 3]
    assert await stepped_chain.result("getSlot") == slots[2]  # finalized is the default
    assert await stepped_chain.result("getBlockHeight", {"commitment": "confirmed"}) == slots[1]


async def test_a_balance_is_that_of_the_commitment_asked_for(stepped_chain: Chain) -> None:
    alice, bob = await stepped_chain.funded(commitment="finalized"), Keypair()
    for amount in (SOL, 2 * SOL):
        await stepped_chain.send([alice], pay(alice, bob.pubkey(), amount))

    async def balances() -> list[int]:
        body = [
            {
                "jsonrpc": "2.0",
                "id": i,
                "method": "getBalance",
                "params": [str(bob.pubkey()), {"commitment": level}],
            }
            for i, level in enumerate(LEVELS)
        ]
        response = (await stepped_chain.http.post("/", json=body)).json()
        return [answer["result"]["value"] for answer in response]

    seen = []
    for _ in range(4):
        seen.append(await balances())
        await stepped_chain.step()
    late = [3 * SOL, 3 * SOL, 0]
    assert seen == [[3 * SOL, 0, 0], late, late, [3 * SOL] * 3]


async def test_a_status_climbs_and_counts_confirmations(stepped_chain: Chain) -> None:
    alice = await stepped_chain.funded()
    signature = await stepped_chain.send([alice], memo(b"hi", alice))
    seen = []
    for _ in range(4):
        status = await stepped_chain.status(signature)
        seen.append((status["confirmationStatus"], status["confirmations"]))
        await stepped_chain.step()
    assert seen == [("processed", 0), ("confirmed", 1), ("confirmed", 2), ("finalized", None)]


async def test_history_is_not_shown_before_its_commitment(stepped_chain: Chain) -> None:
    alice = await stepped_chain.funded()
    signature = str(await stepped_chain.send([alice], memo(b"hi", alice)))
    address = str(alice.pubkey())
    confirmed = {"commitment": "confirmed"}
    assert await stepped_chain.result("getTransaction", signature, confirmed) is None
    await stepped_chain.reach(signature, "confirmed")
    assert (await stepped_chain.result("getTransaction", signature, confirmed))["slot"] > 0
    assert await stepped_chain.result("getTransaction", signature) is None
    rows = await stepped_chain.result("getSignaturesForAddress", address, confirmed)
    assert rows[0]["signature"] == signature
    assert signature not in [
        row["signature"] for row in await stepped_chain.result("getSignaturesForAddress", address)
    ]
    await stepped_chain.reach(signature, "finalized")
    assert (await stepped_chain.result("getTransaction", signature))["meta"]["err"] is None


async def test_history_below_confirmed_is_refused(chain: Chain) -> None:
    key = str(Keypair().pubkey())
    response = await chain.call("getSignaturesForAddress", key, {"commitment": "processed"})
    assert response["error"]["code"] == -32602


async def test_a_slot_in_the_future_is_not_there_yet(chain: Chain) -> None:
    key = str(Keypair().pubkey())
    response = await chain.call("getBalance", key, {"minContextSlot": 10**9})
    assert response["error"]["code"] == -32016
    assert response["error"]["data"]["contextSlot"] > 0


async def test_preflight_sees_the_state_of_its_commitment(stepped_chain: Chain) -> None:
    alice = await stepped_chain.funded()  # confirmed, not finalized
    blockhash = await stepped_chain.blockhash("finalized")
    transaction = await stepped_chain.signed([alice], memo(b"hi", alice), blockhash=blockhash)
    with pytest.raises(RPCException, match="no record of a prior credit"):
        await stepped_chain.client.send_raw_transaction(
            bytes(transaction), TxOpts(preflight_commitment="finalized")
        )
    await stepped_chain.client.send_raw_transaction(
        bytes(transaction), TxOpts(preflight_commitment="confirmed")
    )


async def test_preflight_does_not_know_younger_blockhashes(stepped_chain: Chain) -> None:
    alice = await stepped_chain.funded(commitment="finalized")
    transaction = await stepped_chain.signed(
        [alice], memo(b"hi", alice), blockhash=await stepped_chain.blockhash("processed")
    )
    with pytest.raises(RPCException, match="Blockhash not found"):
        await stepped_chain.client.send_raw_transaction(
            bytes(transaction), TxOpts(preflight_commitment="finalized")
        )
