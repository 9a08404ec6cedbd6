"""processed, confirmed and finalized are told apart and follow one another in slots."""

import pytest
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.keypair import Keypair

from tests.arena.localnet.support import SOL, Chain, eventually, memo, pay

LEVELS = ["processed", "confirmed", "finalized"]


async def test_slots_of_the_three_commitments_keep_their_distance(slow_chain: Chain) -> None:
    slots = [await slow_chain.result("getSlot", {"commitment": level}) for level in LEVELS]
    assert [slots[0] - slot for slot in slots] == [0, 1, 3]
    assert await slow_chain.result("getSlot") == slots[2]  # finalized is the default
    assert await slow_chain.result("getBlockHeight", {"commitment": "confirmed"}) == slots[1]


async def test_a_balance_is_that_of_the_commitment_asked_for(slow_chain: Chain) -> None:
    alice, bob = await slow_chain.funded(commitment="finalized"), Keypair()
    await slow_chain.sleep_slots(1)
    for amount in (SOL, 2 * SOL):
        await slow_chain.send([alice], pay(alice, bob.pubkey(), amount))

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
        response = (await slow_chain.http.post("/", json=body)).json()
        return [answer["result"]["value"] for answer in response]

    seen: list[list[int]] = []

    async def settled() -> bool:
        now = await balances()
        if not seen or seen[-1] != now:
            seen.append(now)
        return now[2] == 3 * SOL

    await eventually(settled)
    assert seen == [[3 * SOL, 0, 0], [3 * SOL, 3 * SOL, 0], [3 * SOL, 3 * SOL, 3 * SOL]]


async def test_a_status_climbs_and_counts_confirmations(slow_chain: Chain) -> None:
    alice = await slow_chain.funded()
    await slow_chain.sleep_slots(1)
    signature = await slow_chain.send([alice], memo(b"hi", alice))
    seen: list[tuple[str, int | None]] = []

    async def finalized() -> bool:
        status = await slow_chain.status(signature)
        step = (status["confirmationStatus"], status["confirmations"])
        if not seen or seen[-1] != step:
            seen.append(step)
        return step[0] == "finalized"

    await eventually(finalized)
    assert seen == [("processed", 0), ("confirmed", 1), ("confirmed", 2), ("finalized", None)]


async def test_history_is_not_shown_before_its_commitment(slow_chain: Chain) -> None:
    alice = await slow_chain.funded()
    await slow_chain.sleep_slots(1)
    signature = str(await slow_chain.send([alice], memo(b"hi", alice)))
    address = str(alice.pubkey())
    confirmed = {"commitment": "confirmed"}
    assert await slow_chain.result("getTransaction", signature, confirmed) is None
    await slow_chain.reach(signature, "confirmed")
    assert (await slow_chain.result("getTransaction", signature, confirmed))["slot"] > 0
    assert await slow_chain.result("getTransaction", signature) is None
    rows = await slow_chain.result("getSignaturesForAddress", address, confirmed)
    assert [row["signature"] for row in rows][0] == signature
    assert signature not in [
        row["signature"] for row in await slow_chain.result("getSignaturesForAddress", address)
    ]
    await slow_chain.reach(signature, "finalized")
    assert (await slow_chain.result("getTransaction", signature))["meta"]["err"] is None


async def test_history_below_confirmed_is_refused(chain: Chain) -> None:
    key = str(Keypair().pubkey())
    response = await chain.call("getSignaturesForAddress", key, {"commitment": "processed"})
    assert response["error"]["code"] == -32602


async def test_a_slot_in_the_future_is_not_there_yet(chain: Chain) -> None:
    key = str(Keypair().pubkey())
    response = await chain.call("getBalance", key, {"minContextSlot": 10**9})
    assert response["error"]["code"] == -32016
    assert response["error"]["data"]["contextSlot"] > 0


async def test_preflight_sees_the_state_of_its_commitment(slow_chain: Chain) -> None:
    alice = await slow_chain.funded()  # confirmed, not finalized
    blockhash = await slow_chain.blockhash("finalized")
    transaction = await slow_chain.signed([alice], memo(b"hi", alice), blockhash=blockhash)
    with pytest.raises(RPCException, match="no record of a prior credit"):
        await slow_chain.client.send_raw_transaction(
            bytes(transaction), TxOpts(preflight_commitment="finalized")
        )
    await slow_chain.client.send_raw_transaction(
        bytes(transaction), TxOpts(preflight_commitment="confirmed")
    )


async def test_preflight_does_not_know_younger_blockhashes(slow_chain: Chain) -> None:
    alice = await slow_chain.funded(commitment="finalized")
    transaction = await slow_chain.signed(
        [alice], memo(b"hi", alice), blockhash=await slow_chain.blockhash("processed")
    )
    with pytest.raises(RPCException, match="Blockhash not found"):
        await slow_chain.client.send_raw_transaction(
            bytes(transaction), TxOpts(preflight_commitment="finalized")
        )
