"""State survives a restart and `kill -9` at any moment."""

import os
import random
import signal
from dataclasses import replace

import httpx
import pytest
import trio
from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.core import RPCException
from solana.rpc.types import TxOpts
from solders.keypair import Keypair

from arena.localnet import DataDirectoryLocked, Endpoints, Limits, LocalnetConfig, LocalnetProcess
from tests.arena.localnet.support import SOL, Chain, eventually, memo, pay, running


async def test_everything_is_there_after_a_restart(config: LocalnetConfig) -> None:
    async with running(config) as chain:
        alice, bob = await chain.funded(), Keypair()
        transaction = await chain.signed([alice], memo(b"hi"), pay(alice, bob.pubkey(), SOL))
        signature = str((await chain.client.send_raw_transaction(bytes(transaction))).value)
        await chain.reach(signature, "finalized")
        genesis = await chain.result("getGenesisHash")
        details = await chain.result("getTransaction", signature)
        slot = await chain.result("getSlot", {"commitment": "processed"})
    async with running(config) as chain:
        assert await chain.result("getSlot", {"commitment": "processed"}) > slot
        assert await chain.result("getGenesisHash") == genesis
        assert await chain.balance(bob.pubkey(), "finalized") == SOL
        assert await chain.balance(alice.pubkey(), "finalized") == 9 * SOL - 5000
        assert await chain.result("getTransaction", signature) == details
        rows = await chain.result("getSignaturesForAddress", str(bob.pubkey()))
        assert [row["signature"] for row in rows] == [signature]
        system = await chain.client.get_program_accounts(alice.pubkey().default())
        assert bob.pubkey() in {row.pubkey for row in system.value}
        # what was executed before is not executed again, though its blockhash still lives
        with pytest.raises(RPCException, match="already been processed"):
            await chain.client.send_raw_transaction(
                bytes(transaction), TxOpts(preflight_commitment=Confirmed)
            )
        await chain.client.send_raw_transaction(bytes(transaction), TxOpts(skip_preflight=True))
        assert await chain.balance(bob.pubkey()) == SOL


async def test_a_blockhash_from_before_a_restart_is_still_good(config: LocalnetConfig) -> None:
    async with running(config) as chain:
        alice = await chain.funded()
        transaction = await chain.signed([alice], memo(b"later", alice))
    async with running(config) as chain:
        await chain.client.send_raw_transaction(bytes(transaction), TxOpts(preflight_commitment=Confirmed))
        assert (await chain.status(transaction.signatures[0]))["err"] is None


async def test_what_was_not_final_is_final_after_a_restart(config: LocalnetConfig) -> None:
    slow = replace(config, slot_ms=5000)
    async with running(slow) as chain:
        key = Keypair().pubkey()
        signature = await chain.result("requestAirdrop", str(key), SOL)
        assert (await chain.status(signature))["confirmationStatus"] == "processed"
    async with running(slow) as chain:
        assert (await chain.status(signature))["confirmationStatus"] == "finalized"
        assert await chain.balance(key, "finalized") == SOL


async def test_a_second_chain_in_the_same_directory_is_refused(chain: Chain) -> None:
    with pytest.RaisesGroup(DataDirectoryLocked):
        async with running(chain.config):
            pass


async def test_compaction_keeps_state_and_bounds_history(config: LocalnetConfig) -> None:
    limits = Limits(compact_bytes=1, history=3)
    async with running(replace(config, slot_ms=5, limits=limits)) as chain:
        alice = await chain.funded()
        sent = [str(await chain.send([alice], memo(b"%d" % n, alice))) for n in range(6)]
        await chain.reach(sent[-1], "finalized")
        await chain.sleep_slots(310)  # longer than any signature has to be remembered

        async def compacted() -> bool:
            return not (config.data_dir / "ledger-1.log").exists()

        await eventually(compacted)
        balance = await chain.balance(alice.pubkey())
    async with running(replace(config, limits=limits)) as chain:
        assert await chain.balance(alice.pubkey()) == balance
        rows = await chain.result("getSignaturesForAddress", str(alice.pubkey()))
        assert [row["signature"] for row in rows] == sent[:2:-1]
        assert await chain.result("getTransaction", sent[0]) is None


class Model:
    """What must be true of the chain: one payer, and who was paid how much by answered transactions."""

    def __init__(self) -> None:
        self.answered: dict[str, int] = {}
        self.unanswered: dict[str, int] = {}


async def pay_until_killed(url: str, payer: Keypair, target: Keypair, model: Model, seed: int) -> None:
    """Send payments of distinct amounts until the server is gone."""
    async with AsyncClient(url, Confirmed) as client, httpx.AsyncClient(base_url=url) as http:
        endpoints = Endpoints(url, "", 0, 0)
        chain = Chain(LocalnetConfig(data_dir=None), endpoints, client, http)  # type: ignore[arg-type]
        amounts = random.Random(seed)
        while True:
            amount = amounts.randrange(1_000_000, 10_000_000)
            signature = ""
            try:
                transaction = await chain.signed([payer], pay(payer, target.pubkey(), amount))
                signature = str(transaction.signatures[0])
                model.unanswered[signature] = amount
                await client.send_raw_transaction(bytes(transaction), TxOpts(skip_preflight=True))
                model.answered[signature] = model.unanswered.pop(signature)
            except (httpx.TransportError, SolanaRpcException):
                return


async def test_kill_9_loses_no_answered_signature_and_repeats_none(
    config: LocalnetConfig, localnet_process: LocalnetProcess
) -> None:
    urls = localnet_process.start()
    payers = [Keypair() for _ in range(4)]
    target, model = Keypair(), Model()
    async with httpx.AsyncClient(base_url=urls[0]) as http:
        for key in [*payers, target]:
            body = {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "requestAirdrop",
                "params": [str(key.pubkey()), 1000 * SOL],
            }
            assert "result" in (await http.post("/", json=body)).json()
    for life in range(3):
        async with trio.open_nursery() as nursery:
            for number, payer in enumerate(payers):
                nursery.start_soon(pay_until_killed, urls[0], payer, target, model, life * 10 + number)
            enough = len(model.answered) + 12
            with trio.fail_after(30):
                while len(model.answered) < enough:
                    await trio.sleep(0.01)
            await trio.sleep(life * 0.013)  # somewhere in the middle of the next ones
            assert localnet_process.pid is not None
            os.kill(localnet_process.pid, signal.SIGKILL)
        assert localnet_process.restart() == urls  # the same ports
    assert len(model.answered) > 30
    async with (
        AsyncClient(urls[0], Confirmed) as client,
        httpx.AsyncClient(base_url=urls[0]) as http,
    ):
        chain = Chain(config, Endpoints(*urls, 0, 0), client, http)
        rows = await all_rows(chain, target)
        signatures = [row["signature"] for row in rows]
        assert len(set(signatures)) == len(signatures)
        assert set(model.answered) <= set(signatures)
        landed = set(signatures) & (set(model.answered) | set(model.unanswered))
        amounts = {**model.answered, **model.unanswered}
        paid = sum(amounts[signature] for signature in landed)
        assert await chain.balance(target.pubkey()) == 1000 * SOL + paid
        spent = paid + 5000 * len(landed)
        left = [await chain.balance(payer.pubkey()) for payer in payers]
        assert sum(left) == 4 * 1000 * SOL - spent


async def all_rows(chain: Chain, key: Keypair) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    while True:
        config = {"limit": 1000, **({"before": rows[-1]["signature"]} if rows else {})}
        page = await chain.result("getSignaturesForAddress", str(key.pubkey()), config)
        rows += page
        if len(page) < 1000:
            return rows
