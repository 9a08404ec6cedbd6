"""A chain that drops its newest slots: what was in them never happened, and may happen again otherwise."""

import os
import signal
from dataclasses import replace
from typing import Any

import httpx
import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.types import TxOpts
from solders.account import Account
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.localnet import Endpoints, Limits, LocalnetConfig, LocalnetProcess
from arena.localnet.accounts import Accounts
from arena.localnet.blockhashes import BlockhashWindow
from tests.arena.localnet.support import (
    LEVELS,
    SOL,
    Chain,
    eventually,
    memo,
    pay,
    running,
    stepped,
    subscriber,
)


async def submit(chain: Chain, transaction: VersionedTransaction) -> str:
    """Send it as the arena does: whatever comes of it."""
    opts = TxOpts(skip_preflight=True)
    return str((await chain.client.send_raw_transaction(bytes(transaction), opts)).value)


async def paid(chain: Chain, payer: Keypair, receiver: Pubkey, lamports: int = SOL) -> VersionedTransaction:
    """A payment that is confirmed."""
    transaction = await chain.signed([payer], pay(payer, receiver, lamports))
    await chain.reach(await submit(chain, transaction), "confirmed")
    return transaction


async def drop(chain: Chain, slots: int) -> Any:
    return await chain.result("arena_dropSlots", slots)


# what is gone


async def test_a_dropped_transaction_was_confirmed_and_then_is_gone(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    before = await forkable_chain.result("getTransactionCount", {"commitment": "processed"})
    transaction = await paid(forkable_chain, alice, bob)
    signature = str(transaction.signatures[0])
    confirmed = {"commitment": "confirmed"}
    assert await forkable_chain.balance(bob, "confirmed") == SOL
    dropped = await drop(forkable_chain, 2)
    assert dropped["signatures"] == [signature]
    assert await forkable_chain.status(signature) is None
    for level in LEVELS:
        assert await forkable_chain.balance(bob, level) == 0
        assert await forkable_chain.balance(alice.pubkey(), level) == 10 * SOL
    assert await forkable_chain.result("getTransaction", signature, confirmed) is None
    assert await forkable_chain.result("getSignaturesForAddress", str(bob), confirmed) == []
    assert await forkable_chain.result("getTransactionCount", {"commitment": "processed"}) == before


async def test_what_landed_before_the_dropped_slots_stays(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    early = await paid(forkable_chain, alice, bob, SOL)
    late = await paid(forkable_chain, alice, bob, 2 * SOL)
    assert (await drop(forkable_chain, 2))["signatures"] == [str(late.signatures[0])]
    assert (await forkable_chain.status(early.signatures[0]))["err"] is None
    assert await forkable_chain.balance(bob) == SOL
    assert await forkable_chain.balance(alice.pubkey()) == 9 * SOL - 5_000


async def test_an_account_that_was_emptied_in_a_dropped_slot_is_there_again(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    await paid(forkable_chain, alice, bob, 10 * SOL - 5_000)
    assert await forkable_chain.balance(alice.pubkey(), "confirmed") == 0
    await drop(forkable_chain, 2)
    found = await forkable_chain.result("getAccountInfo", str(alice.pubkey()), {"commitment": "processed"})
    assert found["value"]["lamports"] == 10 * SOL


async def test_slots_go_on_above_the_dropped_ones(forkable_chain: Chain) -> None:
    processed = {"commitment": "processed"}
    newest = await forkable_chain.result("getSlot", processed)
    final = await forkable_chain.result("getSlot")
    assert await drop(forkable_chain, 3) == {"first": newest - 2, "last": newest, "signatures": []}
    assert await forkable_chain.result("getSlot", processed) == newest + 1
    assert await forkable_chain.result("getSlot") == final + 1, "what is final never goes back"


# what may happen again


async def test_a_dropped_transaction_may_land_again(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    transaction = await paid(forkable_chain, alice, bob)
    first = (await forkable_chain.status(transaction.signatures[0]))["slot"]
    await drop(forkable_chain, 2)
    signature = await submit(forkable_chain, transaction)
    status = await forkable_chain.reach(signature, "finalized")
    assert status["slot"] > first
    assert await forkable_chain.balance(bob, "finalized") == SOL
    rows = await forkable_chain.result("getSignaturesForAddress", str(bob))
    assert [row["signature"] for row in rows] == [signature]


async def test_dropped_transactions_may_land_in_another_order(forkable_chain: Chain) -> None:
    alice = await forkable_chain.funded(3 * SOL, commitment="finalized")
    blockhash = await forkable_chain.blockhash()
    # alice can pay one of them: whichever is first
    rivals = [
        await forkable_chain.signed([alice], pay(alice, Keypair().pubkey(), 2 * SOL), blockhash=blockhash)
        for _ in range(2)
    ]
    seen = []
    for order in (rivals, rivals[::-1]):
        for transaction in order:
            await submit(forkable_chain, transaction)
        await forkable_chain.step()
        statuses = [await forkable_chain.status(rival.signatures[0]) for rival in rivals]
        seen.append([status["err"] is None for status in statuses])
        await drop(forkable_chain, 2)
    assert seen == [[True, False], [False, True]]


async def test_a_dropped_transaction_does_not_come_back_by_itself(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    transaction = await paid(forkable_chain, alice, bob)
    await drop(forkable_chain, 2)
    for _ in range(6):
        await forkable_chain.step()
    assert await forkable_chain.status(transaction.signatures[0]) is None


async def test_blockhashes_of_dropped_slots_are_void(forkable_chain: Chain) -> None:
    alice = await forkable_chain.funded(commitment="finalized")
    old = await forkable_chain.blockhash("confirmed")
    await forkable_chain.step()
    await forkable_chain.step()
    new = await forkable_chain.blockhash("confirmed")
    dead = await forkable_chain.signed([alice], memo(b"dead", alice), blockhash=new)
    alive = await forkable_chain.signed([alice], memo(b"alive", alice), blockhash=old)
    await drop(forkable_chain, 2)

    async def valid(blockhash: Hash) -> bool:
        config = {"commitment": "processed"}
        return bool((await forkable_chain.result("isBlockhashValid", str(blockhash), config))["value"])

    assert [await valid(old), await valid(new)] == [True, False]
    assert await forkable_chain.blockhash("confirmed") != new
    for transaction in (dead, alive):
        await submit(forkable_chain, transaction)
    assert await forkable_chain.status(dead.signatures[0]) is None
    assert (await forkable_chain.status(alive.signatures[0]))["err"] is None


async def test_forks_may_follow_one_another(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    blockhash = await forkable_chain.blockhash("finalized")
    transaction = await forkable_chain.signed([alice], pay(alice, bob, SOL), blockhash=blockhash)
    for _ in range(3):
        await forkable_chain.reach(await submit(forkable_chain, transaction), "confirmed")
        await drop(forkable_chain, 2)
        assert await forkable_chain.balance(bob) == 0
    await forkable_chain.reach(await submit(forkable_chain, transaction), "finalized")
    assert await forkable_chain.balance(bob, "finalized") == SOL


# what is refused


async def test_what_is_final_cannot_be_dropped(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    transaction = await paid(forkable_chain, alice, bob)
    status = await forkable_chain.reach(transaction.signatures[0], "finalized")
    for chosen in (5, 10**9, {"from": status["slot"]}, {"from": 0}):
        response = await forkable_chain.call("arena_dropSlots", chosen)
        assert response["error"]["code"] == -32602
    assert (await drop(forkable_chain, 4))["signatures"] == []
    assert await forkable_chain.balance(bob, "finalized") == SOL


@pytest.mark.parametrize("params", [[], [0], [-1], [True], ["1"], [{}], [{"from": 10**15}], [1, 2]])
async def test_what_is_no_choice_of_slots_is_refused(forkable_chain: Chain, params: list[Any]) -> None:
    response = await forkable_chain.call("arena_dropSlots", *params)
    assert response["error"]["code"] == -32602


async def test_a_slot_may_be_named(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    transaction = await paid(forkable_chain, alice, bob)
    slot = (await forkable_chain.status(transaction.signatures[0]))["slot"]
    dropped = await forkable_chain.result("arena_dropSlots", {"from": slot})
    assert (dropped["first"], dropped["signatures"]) == (slot, [str(transaction.signatures[0])])


async def test_a_chain_forks_only_when_started_for_it(stepped_chain: Chain) -> None:
    response = await stepped_chain.call("arena_dropSlots", 1)
    assert response["error"]["code"] == -32601
    assert "--forkable" in response["error"]["message"]


# who listens


async def test_subscribers_hear_of_a_transaction_again_when_it_lands_again(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    async with subscriber(forkable_chain) as ws:
        await ws.subscribe("logsSubscribe", {"mentions": [str(bob)]}, {"commitment": "confirmed"})
        transaction = await paid(forkable_chain, alice, bob)
        slots = [(await ws.notified("logsNotification"))["result"]["context"]["slot"]]
        await drop(forkable_chain, 2)
        await forkable_chain.reach(await submit(forkable_chain, transaction), "confirmed")
        again = (await ws.notified("logsNotification"))["result"]
        assert again["value"]["signature"] == str(transaction.signatures[0])
        assert again["context"]["slot"] > slots[0]


async def test_a_slot_after_a_fork_names_the_parent_before_it(forkable_chain: Chain) -> None:
    newest = await forkable_chain.result("getSlot", {"commitment": "processed"})
    async with subscriber(forkable_chain) as ws:
        await ws.subscribe("slotSubscribe")
        await drop(forkable_chain, 3)
        notified = (await ws.notified("slotNotification"))["result"]
        assert (notified["slot"], notified["parent"]) == (newest + 1, newest - 3)


async def test_a_subscriber_to_what_is_final_hears_nothing_of_what_was_dropped(forkable_chain: Chain) -> None:
    alice, bob = await forkable_chain.funded(commitment="finalized"), Keypair().pubkey()
    async with subscriber(forkable_chain) as ws:
        await ws.subscribe("logsSubscribe", {"mentions": [str(alice.pubkey())]}, {"commitment": "finalized"})
        await paid(forkable_chain, alice, bob)
        await drop(forkable_chain, 2)
        kept = await paid(forkable_chain, alice, bob, 2 * SOL)
        await forkable_chain.reach(kept.signatures[0], "finalized")
        notified = (await ws.notified("logsNotification"))["result"]["value"]
        assert notified["signature"] == str(kept.signatures[0])


# what survives


async def test_a_fork_survives_a_restart(config: LocalnetConfig) -> None:
    config = replace(config, forkable=True)
    async with stepped(config) as chain:
        alice, bob = await chain.funded(commitment="finalized"), Keypair().pubkey()
        kept = await paid(chain, alice, bob, SOL)
        await chain.step()
        void = await chain.blockhash("processed")
        dropped = await paid(chain, alice, bob, 2 * SOL)
        await drop(chain, 2)
        count = await chain.result("getTransactionCount", {"commitment": "processed"})
        slot = await chain.result("getSlot", {"commitment": "processed"})
    async with stepped(config) as chain:
        assert await chain.result("getSlot", {"commitment": "processed"}) > slot
        assert await chain.balance(bob, "finalized") == SOL
        assert await chain.balance(alice.pubkey(), "finalized") == 9 * SOL - 5_000
        assert (await chain.status(kept.signatures[0]))["confirmationStatus"] == "finalized"
        assert await chain.status(dropped.signatures[0]) is None
        assert await chain.result("getTransactionCount", {"commitment": "processed"}) == count
        dead = await chain.signed([alice], memo(b"dead", alice), blockhash=void)
        assert await chain.status(await submit(chain, dead)) is None
        # its blockhash is older than the fork, so it may still land, once
        for _ in range(2):
            await submit(chain, dropped)
        assert await chain.balance(bob) == 3 * SOL


async def test_a_fork_survives_compaction(config: LocalnetConfig) -> None:
    config = replace(config, forkable=True, limits=Limits(compact_bytes=1))
    async with stepped(config) as chain:
        assert chain.node is not None
        alice, bob = await chain.funded(commitment="finalized"), Keypair().pubkey()
        first = await paid(chain, alice, bob, SOL)
        await chain.step()
        void = await chain.blockhash("processed")
        await drop(chain, 1)
        second = await paid(chain, alice, bob, 2 * SOL)
        assert await chain.node.compact_if_due()
        await drop(chain, 2)  # what the compacted log holds as landed is dropped after it
    async with stepped(config) as chain:
        assert await chain.balance(bob, "finalized") == SOL
        assert (await chain.status(first.signatures[0]))["err"] is None
        assert await chain.status(second.signatures[0]) is None
        dead = await chain.signed([alice], memo(b"dead", alice), blockhash=void)
        assert await chain.status(await submit(chain, dead)) is None


async def test_a_fork_that_was_answered_survives_kill_9(config: LocalnetConfig) -> None:
    process = LocalnetProcess(replace(config, forkable=True, slot_ms=400, finalized_after=32))
    try:
        urls = process.start()
        async with (
            AsyncClient(urls[0], Confirmed) as client,
            httpx.AsyncClient(base_url=urls[0], timeout=10) as http,
        ):
            chain = Chain(config, Endpoints(*urls, 0, 0), client, http)
            alice, bob = await chain.funded(), Keypair().pubkey()
            transaction = await paid(chain, alice, bob)
            slot = (await chain.status(transaction.signatures[0]))["slot"]
            await chain.result("arena_dropSlots", {"from": slot})
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            assert process.restart() == urls
            assert await chain.balance(bob, "finalized") == 0
            assert await chain.balance(alice.pubkey(), "finalized") == 10 * SOL
            assert await chain.status(transaction.signatures[0]) is None
    finally:
        process.stop()


async def test_a_fork_between_two_ticks_of_the_clock_stops_nothing(config: LocalnetConfig) -> None:
    async with running(replace(config, forkable=True, slot_ms=5)) as chain:
        for _ in range(30):
            await drop(chain, 2)
        newest = await chain.result("getSlot", {"commitment": "processed"})

        async def goes_on() -> bool:
            slot: int = await chain.result("getSlot", {"commitment": "processed"})
            return slot > newest + 5

        await eventually(goes_on)


def test_an_account_that_changed_hands_in_dropped_slots_is_its_old_owners_again() -> None:
    accounts = Accounts()
    key, old, new = (
        Pubkey.new_unique(),
        Account(1, b"old", Pubkey.new_unique()),
        Account(1, b"new", Pubkey.new_unique()),
    )
    accounts.load({key: old})
    accounts.apply(5, {key: new})
    accounts.apply(6, {key: None})
    assert accounts.before(5) == {key: old}
    accounts.drop(5)
    assert accounts.at(key, 9) == old
    assert [found for found, _ in accounts.owned_by(old.owner, 9)] == [key]
    assert list(accounts.owned_by(new.owner, 9)) == []


def test_dropped_blockhashes_stay_void_whenever_the_window_is_built() -> None:
    kept, rebuilt = BlockhashWindow(b"secret"), BlockhashWindow(b"secret")
    kept.advance(10)
    void = kept.latest(9).hash
    kept.drop(range(8, 11))
    kept.advance(11)
    for dropped in kept.dropped:
        rebuilt.drop(dropped)
    rebuilt.advance(11)
    for window in (kept, rebuilt):
        assert not window.usable(void, 11)
        assert window.latest(10).slot == 7
        assert [slot for slot, _ in window.recent(2)] == [7, 6]
