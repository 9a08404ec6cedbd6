"""Subscriptions over a real websocket: they fire at their commitment, and misbehaviour ends one connection
only."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
import trio
from solders.keypair import Keypair
from solders.rpc.responses import (
    AccountNotification,
    LogsNotification,
    SignatureNotification,
    SlotNotification,
    parse_websocket_message,
)
from trio_websocket import ConnectionClosed

from arena.localnet import Limits, LocalnetConfig
from tests.arena.localnet.support import LEVELS, SOL, Chain, memo, pay, running, subscriber


@pytest.mark.parametrize("commitment", ["processed", "confirmed", "finalized"])
async def test_a_signature_is_told_once_at_its_commitment(chain: Chain, commitment: str) -> None:
    alice = await chain.funded()
    transaction = await chain.signed([alice], memo(b"hi", alice))
    signature = str(transaction.signatures[0])
    async with subscriber(chain) as ws:
        number = await ws.subscribe("signatureSubscribe", signature, {"commitment": commitment})
        await chain.client.send_raw_transaction(bytes(transaction))
        params = await ws.notified("signatureNotification")
        assert params["subscription"] == number
        assert params["result"]["value"] == {"err": None}
        status = await chain.status(signature)
        assert LEVELS.index(status["confirmationStatus"]) >= LEVELS.index(commitment)
        assert isinstance(parse_websocket_message(ws.raw[-1])[0], SignatureNotification)
        gone = await ws.call("signatureUnsubscribe", number)
        assert gone["error"]["code"] == -32602


async def test_a_signature_that_has_landed_is_told_at_once(chain: Chain) -> None:
    alice = await chain.funded()
    signature = await chain.send([alice], pay(alice, Keypair().pubkey(), 5), skip_preflight=True)
    await chain.reach(signature, "finalized")
    async with subscriber(chain) as ws:
        await ws.subscribe("signatureSubscribe", str(signature))
        params = await ws.notified("signatureNotification")
        assert params["result"]["value"]["err"] == {"InsufficientFundsForRent": {"account_index": 1}}


async def test_a_received_notification_when_asked_for(chain: Chain) -> None:
    alice = await chain.funded()
    transaction = await chain.signed([alice], memo(b"hi", alice))
    config = {"commitment": "confirmed", "enableReceivedNotification": True}
    async with subscriber(chain) as ws:
        await ws.subscribe("signatureSubscribe", str(transaction.signatures[0]), config)
        await chain.client.send_raw_transaction(bytes(transaction))
        assert (await ws.notified("signatureNotification"))["result"]["value"] == "receivedSignature"
        assert (await ws.notified("signatureNotification"))["result"]["value"] == {"err": None}


async def test_logs_of_all_and_of_those_that_mention(chain: Chain) -> None:
    alice, bob = await chain.funded(commitment="finalized"), await chain.funded(commitment="finalized")
    confirmed = {"commitment": "confirmed"}
    async with subscriber(chain) as everything, subscriber(chain) as about_bob:
        await everything.subscribe("logsSubscribe", "all", confirmed)
        await about_bob.subscribe("logsSubscribe", {"mentions": [str(bob.pubkey())]}, confirmed)
        first = await chain.send([alice], memo(b"one", alice))
        await chain.reach(first, "confirmed")
        second = await chain.send([bob], memo(b"two", bob))
        for signature in (first, second):
            params = await everything.notified("logsNotification")
            assert params["result"]["value"]["signature"] == str(signature)
        value = (await about_bob.notified("logsNotification"))["result"]["value"]
        assert value["signature"] == str(second)
        assert value["err"] is None
        assert any('"two"' in line for line in value["logs"])
        assert isinstance(parse_websocket_message(about_bob.raw[-1])[0], LogsNotification)


async def test_failed_transactions_have_logs_too(chain: Chain) -> None:
    alice = await chain.funded(commitment="finalized")
    async with subscriber(chain) as ws:
        await ws.subscribe("logsSubscribe", "all", {"commitment": "processed"})
        await chain.send([alice], memo(b"\xff", alice), skip_preflight=True)
        value = (await ws.notified("logsNotification"))["result"]["value"]
        assert value["err"] == {"InstructionError": [0, "InvalidInstructionData"]}


async def test_an_account_is_told_as_of_its_commitment(stepped_chain: Chain) -> None:
    chain = stepped_chain
    alice, bob = await chain.funded(commitment="finalized"), Keypair()
    async with subscriber(chain) as ws:
        key = str(bob.pubkey())
        base = {"encoding": "base64"}
        processed = await ws.subscribe("accountSubscribe", key, {**base, "commitment": "processed"})
        confirmed = await ws.subscribe("accountSubscribe", key, {**base, "commitment": "confirmed"})
        await chain.send([alice], pay(alice, bob.pubkey(), SOL))
        await chain.send([alice], pay(alice, bob.pubkey(), 2 * SOL))
        await chain.step()
        seen = [await ws.notified("accountNotification") for _ in range(3)]
        assert [(n["subscription"], n["result"]["value"]["lamports"]) for n in seen] == [
            (processed, SOL),
            (processed, 3 * SOL),
            (confirmed, 3 * SOL),
        ]
        assert isinstance(parse_websocket_message(ws.raw[-1])[0], AccountNotification)
        assert (await ws.call("accountUnsubscribe", confirmed))["result"] is True
        await chain.send([bob], pay(bob, alice.pubkey(), 3 * SOL - 5000))
        emptied = await ws.notified("accountNotification")
        assert emptied["subscription"] == processed
        assert emptied["result"]["value"]["lamports"] == 0


async def test_slots_follow_one_another(chain: Chain) -> None:
    async with subscriber(chain) as ws:
        number = await ws.subscribe("slotSubscribe")
        slots = [(await ws.notified("slotNotification"))["result"] for _ in range(4)]
        assert isinstance(parse_websocket_message(ws.raw[-1])[0], SlotNotification)
        for before, after in pairwise(slots):
            assert after["parent"] == before["slot"] < after["slot"]
            assert after["root"] == after["slot"] - chain.config.finalized_after
        assert (await ws.call("slotUnsubscribe", number))["result"] is True
        assert (await ws.call("slotUnsubscribe", number))["error"]["code"] == -32602
        other = await ws.subscribe("rootSubscribe")
        assert (await ws.call("slotUnsubscribe", other))["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", -32700),
        (b"\xff", -32700),
        ("[]", -32600),
        ("5", -32600),
        ('{"jsonrpc":"2.0","id":1,"method":"getHealth"}', -32601),
        ('{"jsonrpc":"2.0","id":1,"method":"Subscribe"}', -32601),
        ('{"jsonrpc":"2.0","id":1,"method":"blockSubscribe","params":["all"]}', -32601),
        ('{"jsonrpc":"2.0","id":1,"method":"logsSubscribe"}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"logsSubscribe","params":["some"]}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"logsSubscribe","params":[{"mentions":[]}]}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"logsSubscribe","params":[{"mentions":["x"]}]}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"signatureSubscribe","params":["x"]}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"accountSubscribe","params":[[]]}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"accountUnsubscribe","params":["1"]}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"accountUnsubscribe","params":[99]}', -32602),
    ],
)
async def test_malformed_messages_get_errors(chain: Chain, message: str | bytes, code: int) -> None:
    async with subscriber(chain) as ws:
        await ws.socket.send_message(message)
        with trio.fail_after(5):
            assert json.loads(await ws.socket.get_message())["error"]["code"] == code
        await ws.subscribe("slotSubscribe")  # and the connection lives on


async def test_subscriptions_are_bounded_and_end_with_their_connection(config: LocalnetConfig) -> None:
    async with running(replace(config, limits=Limits(subscriptions=2))) as chain:
        for _ in range(2):
            async with subscriber(chain) as ws:
                await ws.subscribe("slotSubscribe")
                await ws.subscribe("rootSubscribe")
                assert (await ws.call("slotSubscribe"))["error"]["code"] == -32603


async def test_a_subscriber_that_does_not_read_is_closed_and_others_are_not(
    config: LocalnetConfig,
) -> None:
    limits = Limits(outbox=8, send_seconds=0.2)
    async with (
        running(replace(config, slot_ms=5, limits=limits)) as chain,
        subscriber(chain) as reader,
    ):
        await reader.subscribe("slotSubscribe")
        async with trio.open_nursery() as nursery:
            sleeper = await trio.open_tcp_stream("127.0.0.1", chain.endpoints.ws_port)
            await sleeper.send_all(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            await sleeper.receive_some(1000)
            request = b'{"jsonrpc":"2.0","id":1,"method":"slotSubscribe"}'
            frame = b"\x81" + bytes([0x80 | len(request)]) + bytes(4) + request
            await sleeper.send_all(frame * 250)  # and never reads again

            async def keep_reading() -> None:
                while True:
                    await reader.notified("slotNotification")

            nursery.start_soon(keep_reading)
            with trio.fail_after(20):
                while True:  # writing to a connection that the server has closed fails in the end
                    try:
                        await sleeper.send_all(b"\x8a\x80" + bytes(4))
                    except trio.BrokenResourceError:
                        break
                    await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
        assert (await reader.call("slotSubscribe"))["result"] > 0


async def test_what_is_not_a_websocket_is_cut_off(chain: Chain) -> None:
    for data in (b"\x00" * 100, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n{}"):
        stream = await trio.open_tcp_stream("127.0.0.1", chain.endpoints.ws_port)
        async with stream:
            await stream.send_all(data)
            with trio.fail_after(5):
                try:
                    while await stream.receive_some(1000):
                        pass
                except trio.BrokenResourceError:
                    pass
    async with subscriber(chain) as ws:
        await ws.subscribe("slotSubscribe")


async def test_a_message_too_large_closes_the_connection(chain: Chain) -> None:
    async with subscriber(chain) as ws:
        await ws.socket.send_message(" " * (chain.config.limits.request_bytes + 1))
        with pytest.raises(ConnectionClosed):
            await ws.socket.get_message()
        assert ws.socket.closed is not None
        assert ws.socket.closed.code == 1009
