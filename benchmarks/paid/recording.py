"""What a real node says of a paid message: `python -m benchmarks.paid.recording` asks the local chain and keeps it.

The local chain runs the real program in a real VM. Its answers are kept as they came, in `recording.json`; the
benchmark's node changes in them what differs from message to message, and nothing else.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import trio
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from trio_websocket import open_websocket_url

from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.chain.client import ChainClient, Commitment
from arena.chain.instructions import BotTerms, create_bot, record_message_fee
from arena.chain.own_transactions import own_transaction
from arena.chain.pda import bot_address
from arena.localnet import Endpoints, LocalnetConfig, serve

PATH = Path(__file__).with_name("recording.json")
SOL = 1_000_000_000
FEE = SOL // 1000
BOT_ID = UUID("01900000-0000-7000-8000-000000000001")
MESSAGE_ID = UUID("01900000-0000-7000-8000-000000000002")

Call = Callable[..., Awaitable[dict[str, Any]]]


def load() -> dict[str, Any]:
    """Whole JSON-RPC messages by method, as the node sent them."""
    recording: dict[str, Any] = json.loads(PATH.read_text())
    return recording


async def record(folder: Path) -> dict[str, Any]:
    """Open a bot on a new local chain, pay for one message, and return what the node said."""
    quote, creator, player = (Keypair.from_seed(bytes([seed] * 32)) for seed in (1, 2, 3))
    config = LocalnetConfig(
        folder, rpc_port=0, ws_port=0, slot_ms=50, programs={DEFAULT_PROGRAM_ID: program_path()}
    )
    async with trio.open_nursery() as nursery:
        endpoints: Endpoints = await nursery.start(serve, config)
        async with ChainClient(endpoints.rpc_url) as client, httpx.AsyncClient(trust_env=False) as http:
            recorded = await _recorded(endpoints, client, http, quote, creator, player)
        nursery.cancel_scope.cancel()
    return recorded


async def _recorded(
    endpoints: Endpoints,
    client: ChainClient,
    http: httpx.AsyncClient,
    quote: Keypair,
    creator: Keypair,
    player: Keypair,
) -> dict[str, Any]:
    async def call(method: str, *params: object) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer: dict[str, Any] = (await http.post(endpoints.rpc_url, json=body)).json()
        assert "result" in answer, answer
        return answer

    for wallet in (creator, player):
        await client.airdrop(wallet.pubkey(), 10 * SOL)
    while await client.balance(player.pubkey()) == 0:
        await trio.sleep(0.05)
    await _land(client, call, _opening(creator, quote), creator, quote)
    bot = bot_address(DEFAULT_PROGRAM_ID, quote.pubkey(), BOT_ID)
    subscribe = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "logsSubscribe",
        "params": [{"mentions": [str(DEFAULT_PROGRAM_ID)]}, {"commitment": "confirmed"}],
    }
    async with open_websocket_url(endpoints.ws_url) as socket:
        await socket.send_message(json.dumps(subscribe))
        subscribed = json.loads(await socket.get_message())
        signature = await _land(client, call, _payment(bot, player, quote), player, quote)
        notification = json.loads(await socket.get_message())
    confirmed, finalized = {"commitment": "confirmed"}, {"commitment": "finalized"}
    base64_of = {**confirmed, "encoding": "base64"}
    return {
        "logsSubscribe": subscribed,
        "logsNotification": notification,
        "sendTransaction": {"jsonrpc": "2.0", "id": 1, "result": signature},
        "getTransaction": await call(
            "getTransaction", signature, {**base64_of, "maxSupportedTransactionVersion": 255}
        ),
        "getSignaturesForAddress": await call("getSignaturesForAddress", str(bot), {**confirmed, "limit": 1}),
        "getSignatureStatuses": await call(
            "getSignatureStatuses", [signature], {"searchTransactionHistory": True}
        ),
        "bot": await call("getMultipleAccounts", [str(bot)], base64_of),
        "program": await call("getMultipleAccounts", [str(DEFAULT_PROGRAM_ID)], base64_of),
        "getBalance": await call("getBalance", str(player.pubkey()), confirmed),
        "getMinimumBalanceForRentExemption": await call("getMinimumBalanceForRentExemption", 0),
        "getLatestBlockhash": await call("getLatestBlockhash", confirmed),
        "getBlockHeight": await call("getBlockHeight", finalized),
        "getSlot": await call("getSlot", finalized),
        "getGenesisHash": await call("getGenesisHash"),
        "getHealth": await call("getHealth"),
    }


async def _land(
    client: ChainClient, call: Call, instruction: Instruction, payer: Keypair, quote: Keypair
) -> str:
    """Send it and wait until it is final; its signature."""
    unchecked = {"encoding": "base64", "skipPreflight": True}
    signed = own_transaction([instruction], payer, await client.latest_blockhash(), cosigners=[quote])
    await call("sendTransaction", base64.b64encode(signed.transaction).decode(), unchecked)
    with trio.fail_after(30):
        while True:
            [status] = await client.statuses([signed.signature])
            if status is not None and status.confirmation is Commitment.FINALIZED:
                assert status.error is None, status
                return signed.signature
            await trio.sleep(0.05)


def _opening(creator: Keypair, quote: Keypair) -> Instruction:
    return create_bot(
        DEFAULT_PROGRAM_ID,
        creator=creator.pubkey(),
        quote_key=quote.pubkey(),
        payout_key=Pubkey.from_bytes(bytes([4] * 32)),
        admin=Pubkey.from_bytes(bytes([5] * 32)),
        platform=creator.pubkey(),
        bot_id=BOT_ID,
        terms=BotTerms(
            objective_hash=bytes(32),
            fee_base=FEE,
            fee_growth_bps=0,
            fee_cap=FEE,
            pot_bps=8_000,
            creator_bps=1_000,
            initial_pot=SOL,
            closes_at=int(time.time()) + 86_400,
        ),
    )


def _payment(bot: Pubkey, player: Keypair, quote: Keypair) -> Instruction:
    return record_message_fee(
        DEFAULT_PROGRAM_ID,
        bot=bot,
        player=player.pubkey(),
        quote_key=quote.pubkey(),
        message_id=MESSAGE_ID,
        content_hash=bytes(32),
        amount=FEE,
        valid_until=int(time.time()) + 60,
    )


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recorded = await record(Path(folder))
    # the program's own bytes are in the repository already
    [program] = recorded["program"]["result"]["value"]
    program["data"] = ["", "base64"]
    PATH.write_text(json.dumps(recorded, indent=1) + "\n")
    print(f"{PATH.name}: {', '.join(recorded)}")


if __name__ == "__main__":
    trio.run(main)
