"""The client against a node that misbehaves in every way a node or a network can."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import trio
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

from arena.chain.client import (
    AccountState,
    Blockhash,
    ChainClient,
    ChainUnavailable,
    Commitment,
    Status,
    TransactionRejected,
)
from arena.chain.rpc import JsonRpc

ADDRESS = Pubkey.from_string("Vote111111111111111111111111111111111111111")


def signed_transfer() -> tuple[bytes, str]:
    payer = Keypair()
    instruction = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=ADDRESS, lamports=1))
    transaction = Transaction(
        [payer], Message.new_with_blockhash([instruction], payer.pubkey(), Hash.default()), Hash.default()
    )
    return bytes(transaction), str(transaction.signatures[0])


def in_context(value: object, slot: int = 7) -> dict[str, object]:
    return {"context": {"slot": slot, "apiVersion": "3.0"}, "value": value}


def account_json(data: bytes = b"abc", **changes: object) -> dict[str, object]:
    return {
        "lamports": 5,
        "owner": str(ADDRESS),
        "data": [base64.b64encode(data).decode(), "base64"],
        "executable": False,
        "rentEpoch": 2**64 - 1,
        "space": len(data),
        **changes,
    }


async def test_an_account_is_typed_and_a_missing_one_is_none(scripted_node: Any) -> None:
    scripted_node.script["getMultipleAccounts"] = in_context([account_json(), None])
    async with ChainClient(scripted_node.url) as client:
        found, missing = await client.accounts([ADDRESS, ADDRESS])
    assert found == AccountState(5, ADDRESS, b"abc", False, 7)
    assert missing is None
    assert scripted_node.calls[0][1][1] == {"commitment": "confirmed", "encoding": "base64"}


async def test_many_accounts_are_asked_for_a_hundred_at_a_time(scripted_node: Any) -> None:
    scripted_node.script["getMultipleAccounts"] = lambda keys, _: in_context([None] * len(keys))
    async with ChainClient(scripted_node.url) as client:
        assert await client.accounts([ADDRESS] * 250) == [None] * 250
        assert await client.accounts([]) == []
    assert sorted(len(params[0]) for _, params in scripted_node.calls) == [50, 100, 100]


NONSENSE = [
    {},
    None,
    [],
    "ok",
    {"context": {}, "value": [None]},
    {"context": {"slot": -1}, "value": [None]},
    {"context": {"slot": True}, "value": [None]},
    in_context([]),
    in_context([None, None]),
    in_context([account_json(lamports=-1)]),
    in_context([account_json(lamports=2**64)]),
    in_context([account_json(lamports=1.0)]),
    in_context([account_json(owner="nobody")]),
    in_context([account_json(executable="yes")]),
    in_context([{**account_json(), "data": "abc"}]),
    in_context([{**account_json(), "data": ["a", "base64"]}]),
    in_context([{**account_json(), "data": ["YQ==", "base58"]}]),
    in_context([{**account_json(), "data": ["YQ=="]}]),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: json.dumps(answer)[:60])
async def test_an_answer_that_makes_no_sense_is_no_answer(scripted_node: Any, answer: object) -> None:
    scripted_node.script["getMultipleAccounts"] = answer
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable):
            await client.account(ADDRESS)


def broken_http(node: Any) -> list[Any]:
    raw = node.RawAnswer
    return [
        raw(b"slow down", 429),
        raw(b"bad gateway", 502),
        raw(b"<html>oops", 500),
        raw(b"nope", 403),
        raw(b"", 302, [("location", "http://127.0.0.1:1/")]),
        raw(b"no json"),
        raw(b""),
        raw(b"[]"),
        raw(b"[" * 100_000),
        raw(b'{"jsonrpc":"2.0","id":999999,"result":1}'),
        raw(b'{"jsonrpc":"2.0","id":1}'),
        raw(b'{"jsonrpc":"2.0","id":1,"error":"x"}'),
        raw(b'{"jsonrpc":"2.0","id":1,"result":' + b"9" * 5000 + b"}"),
        raw(b"\xff\xfe"),
        raw(b"garbage", 200, [("content-encoding", "gzip")]),
        node.HangUp(),
        node.NodeError(-32005, "Node is behind by 42 slots"),
        node.NodeError(-32601, "Method not found"),
    ]


@pytest.mark.parametrize("number", range(18))
async def test_every_failure_of_the_transport_is_one_exception(scripted_node: Any, number: int) -> None:
    answers = broken_http(scripted_node)
    assert len(answers) == 18
    scripted_node.script["getSlot"] = answers[number]
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable) as caught:
            await client.slot()
    assert scripted_node.url not in str(caught.value)


@pytest.mark.parametrize("url", ["", "localhost:8899", "ws://localhost:8899", "http://"])
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        ChainClient(url)


async def test_nobody_listening_is_unavailable_too() -> None:
    async with ChainClient("http://127.0.0.1:9") as client:
        with pytest.raises(ChainUnavailable):
            await client.health()


async def test_a_silent_node_is_given_up_on_in_time(scripted_node: Any) -> None:
    scripted_node.script["getSlot"] = scripted_node.Hang()
    async with ChainClient(scripted_node.url, timeout=0.1) as client:
        with trio.fail_after(2), pytest.raises(ChainUnavailable, match=r"no answer within 0\.1 s"):
            await client.slot()


async def test_the_node_says_how_long_to_wait(scripted_node: Any) -> None:
    scripted_node.script["getSlot"] = scripted_node.RawAnswer(b"", 429, [("retry-after", "3")])
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable) as caught:
            await client.slot()
    assert caught.value.retry_after == 3.0


async def test_an_endless_answer_is_cut_off(scripted_node: Any) -> None:
    scripted_node.script["getSlot"] = scripted_node.RawAnswer(b'"' + b"x" * 5000 + b'"')
    rpc = JsonRpc(scripted_node.url, max_response_bytes=1000)
    with pytest.raises(ChainUnavailable, match="more than 1000 bytes"):
        await rpc.call("getSlot", [], lambda result: result)
    await rpc.aclose()


async def test_calls_wait_for_a_free_place_and_no_longer_than_their_time(scripted_node: Any) -> None:
    scripted_node.script["getSlot"] = scripted_node.Hang()
    failures = 0

    async def ask(client: ChainClient) -> None:
        nonlocal failures
        with pytest.raises(ChainUnavailable):
            await client.slot()
        failures += 1

    async with ChainClient(scripted_node.url, timeout=1.0, max_concurrent=2) as client:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                for _ in range(6):
                    nursery.start_soon(ask, client)
                while scripted_node.count("getSlot") < 2:
                    await trio.sleep(0.01)
                await trio.sleep(0.1)
                assert (scripted_node.count("getSlot"), failures) == (2, 0), "the others wait"
    assert failures == 6


async def test_cancelling_a_call_frees_its_place(scripted_node: Any) -> None:
    scripted_node.script["getSlot"] = scripted_node.Hang()
    async with ChainClient(scripted_node.url, max_concurrent=1) as client:
        for _ in range(3):
            with trio.move_on_after(0.05):
                await client.slot()
        scripted_node.script["getSlot"] = 5
        with trio.fail_after(2):
            assert await client.slot() == 5


async def test_a_blockhash_is_asked_for_once_a_second(scripted_node: Any) -> None:
    value = {"blockhash": str(Hash.default()), "lastValidBlockHeight": 150}
    scripted_node.script["getLatestBlockhash"] = in_context(value)
    async with ChainClient(scripted_node.url) as client, trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(client.latest_blockhash)
        assert await client.latest_blockhash() == Blockhash(Hash.default(), 150)
    assert scripted_node.count("getLatestBlockhash") == 1


async def test_statuses_of_all_stages(scripted_node: Any) -> None:
    error = {"InstructionError": [0, {"Custom": 6001}]}
    stages = [
        None,
        {"slot": 1, "confirmations": 0, "err": None, "confirmationStatus": "processed"},
        {"slot": 2, "confirmations": 3, "err": None, "confirmationStatus": "confirmed"},
        {"slot": 3, "confirmations": None, "err": error, "confirmationStatus": "finalized"},
        {"slot": 4, "confirmations": None, "err": None, "confirmationStatus": None},
    ]
    scripted_node.script["getSignatureStatuses"] = in_context(stages)
    async with ChainClient(scripted_node.url) as client:
        statuses = await client.statuses(["x"] * 5, search_history=True)
    assert statuses == [
        None,
        Status(1, None, Commitment.PROCESSED),
        Status(2, None, Commitment.CONFIRMED),
        Status(3, error, Commitment.FINALIZED),
        Status(4, None, Commitment.FINALIZED),
    ]
    assert scripted_node.calls[0][1][1] == {"searchTransactionHistory": True}


async def test_statuses_are_asked_for_256_at_a_time_and_the_lowest_slot_counts(scripted_node: Any) -> None:
    slots = iter([9, 8, 10])
    scripted_node.script["getSignatureStatuses"] = lambda sigs, _: in_context([None] * len(sigs), next(slots))
    async with ChainClient(scripted_node.url) as client:
        assert await client.statuses_at(["x"] * 600) == (8, [None] * 600)
    assert sorted(len(params[0]) for _, params in scripted_node.calls) == [88, 256, 256]


async def test_sending_returns_the_signature(scripted_node: Any) -> None:
    raw, signature = signed_transfer()
    scripted_node.script["sendTransaction"] = signature
    async with ChainClient(scripted_node.url) as client:
        assert await client.send(raw, skip_preflight=True) == signature
    sent, config = scripted_node.calls[0][1]
    assert base64.b64decode(sent) == raw
    assert config["skipPreflight"] is True
    assert config["maxRetries"] == 0


async def test_a_node_that_answers_with_another_signature_is_not_believed(scripted_node: Any) -> None:
    scripted_node.script["sendTransaction"] = signed_transfer()[1]
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable):
            await client.send(signed_transfer()[0])


def says_signatures(node: Any, *transactions: tuple[bytes, str]) -> None:
    known = {base64.b64encode(raw).decode(): signature for raw, signature in transactions}
    node.script["sendTransaction"] = lambda encoded, _: known[encoded]


async def test_several_are_sent_at_once_and_each_has_its_own_answer(scripted_node: Any) -> None:
    first, second, refused = signed_transfer(), signed_transfer(), signed_transfer()
    says_signatures(scripted_node, first, second)
    known = scripted_node.script["sendTransaction"]

    def send(encoded: str, config: object) -> str:
        if encoded == base64.b64encode(refused[0]).decode():
            raise scripted_node.NodeError(-32003, "bad signature")
        return known(encoded, config)

    scripted_node.script["sendTransaction"] = send
    async with ChainClient(scripted_node.url) as client:
        answers = await client.send_all([first[0], refused[0], second[0]], skip_preflight=True)
    assert [answers[0], answers[2]] == [first[1], second[1]]
    assert isinstance(answers[1], TransactionRejected)
    assert scripted_node.batches == [3]


@pytest.mark.parametrize("refusal", ["an error", "an HTTP status"])
async def test_a_node_that_takes_no_batches_is_called_one_by_one_from_then_on(
    scripted_node: Any, refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [signed_transfer() for _ in range(3)]
    says_signatures(scripted_node, *sent)
    scripted_node.takes_batches = False
    if refusal == "an HTTP status":
        answer_one = scripted_node._answer
        monkeypatch.setattr(
            scripted_node,
            "_answer",
            lambda request: (
                scripted_node.RawAnswer(b"too much", 413)
                if isinstance(request, list)
                else answer_one(request)
            ),
        )
    async with ChainClient(scripted_node.url) as client:
        for _ in range(2):
            answers = await client.send_all([raw for raw, _ in sent])
            assert answers == [signature for _, signature in sent]
    assert scripted_node.count("sendTransaction") == 6


async def test_a_busy_node_is_not_taken_for_one_without_batches(scripted_node: Any) -> None:
    sent = [signed_transfer() for _ in range(2)]
    scripted_node.script["sendTransaction"] = scripted_node.RawAnswer(b"", 429, [("retry-after", "2")])
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable) as caught:
            await client.send_all([raw for raw, _ in sent])
        assert caught.value.retry_after == 2.0
        says_signatures(scripted_node, *sent)
        assert await client.send_all([raw for raw, _ in sent]) == [signature for _, signature in sent]
    assert scripted_node.batches == [2, 2]


async def test_answers_of_a_batch_may_come_in_any_order_and_one_may_be_missing(
    scripted_node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [signed_transfer() for _ in range(3)]
    says_signatures(scripted_node, *sent)
    answer = scripted_node._answer

    def shuffled(request: object) -> Any:
        answers = json.loads(answer(request).body)
        return scripted_node.RawAnswer(json.dumps([answers[2], 7, {"id": [1]}, answers[0]]).encode())

    monkeypatch.setattr(scripted_node, "_answer", shuffled)
    async with ChainClient(scripted_node.url) as client:
        found = await client.send_all([raw for raw, _ in sent])
    assert [found[0], found[2]] == [sent[0][1], sent[2][1]]
    assert isinstance(found[1], ChainUnavailable)


async def test_balances_asked_for_at_once_are_asked_for_together(scripted_node: Any) -> None:
    wallets = [Keypair().pubkey() for _ in range(120)]
    amounts = {str(wallet): number for number, wallet in enumerate(wallets)}
    scripted_node.script["getBalance"] = lambda address, _: in_context(amounts[address])
    found: dict[Pubkey, int] = {}

    async def ask(client: ChainClient, wallet: Pubkey) -> None:
        found[wallet] = await client.balance(wallet)

    async with ChainClient(scripted_node.url) as client, trio.open_nursery() as nursery:
        for wallet in wallets:
            nursery.start_soon(ask, client, wallet)
    assert [found[wallet] for wallet in wallets] == list(range(120))
    assert sorted(scripted_node.batches) == [20, 50, 50]


async def test_who_is_cancelled_takes_nobody_elses_balance_along(scripted_node: Any) -> None:
    scripted_node.script["getBalance"] = lambda *_: in_context(5)
    found: list[int] = []

    async def ask(client: ChainClient, scope: trio.CancelScope) -> None:
        with scope:
            found.append(await client.balance(ADDRESS))

    async with ChainClient(scripted_node.url) as client:
        scopes = [trio.CancelScope() for _ in range(3)]
        scopes[0].cancel()
        async with trio.open_nursery() as nursery:
            for scope in scopes:
                nursery.start_soon(ask, client, scope)
    assert found == [5, 5]


async def test_a_failed_preflight_tells_code_and_logs(scripted_node: Any) -> None:
    data = {"err": {"InstructionError": [0, {"Custom": 6003}]}, "logs": ["Program log: no"]}
    scripted_node.script["sendTransaction"] = scripted_node.NodeError(-32002, "simulation failed", data)
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(TransactionRejected) as caught:
            await client.send(signed_transfer()[0])
    assert caught.value.code == 6003
    assert caught.value.logs == ("Program log: no",)
    assert caught.value.error == "InstructionError(0): Custom 6003"


@pytest.mark.parametrize("code", [-32003, -32602])
async def test_a_bad_transaction_is_rejected_not_retried(scripted_node: Any, code: int) -> None:
    scripted_node.script["sendTransaction"] = scripted_node.NodeError(code, "bad")
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(TransactionRejected) as caught:
            await client.send(signed_transfer()[0])
    assert caught.value.code is None


@pytest.mark.parametrize("data", [None, {"numSlotsBehind": 3}])
async def test_a_node_that_is_behind_rejects_nothing(scripted_node: Any, data: object) -> None:
    scripted_node.script["sendTransaction"] = scripted_node.NodeError(-32005, "Node is behind", data)
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable):
            await client.send(signed_transfer()[0])


async def test_a_landed_transaction_and_one_that_is_not_there(scripted_node: Any) -> None:
    raw, signature = signed_transfer()
    landed = {
        "slot": 9,
        "blockTime": None,
        "meta": {"err": None, "logMessages": ["a", "b"], "preBalances": [9, 0], "postBalances": [3, 1]},
        "transaction": [base64.b64encode(raw).decode(), "base64"],
    }
    scripted_node.script["getTransaction"] = lambda sig, _: landed if sig == signature else None
    async with ChainClient(scripted_node.url) as client:
        found = await client.transaction(signature)
        assert found is not None
        assert (found.slot, found.block_time, found.error, found.logs) == (9, None, None, ("a", "b"))
        assert found.transaction == raw
        assert (found.balances_before, found.balances_after) == ((9, 0), (3, 1))
        assert await client.transaction("other") is None


async def test_history_is_never_asked_for_at_processed(scripted_node: Any) -> None:
    scripted_node.script["getSignaturesForAddress"] = []
    async with ChainClient(scripted_node.url, "processed") as client:
        await client.signatures_for(ADDRESS, before="b", until="u", limit=5)
    assert scripted_node.calls[0][1][1] == {
        "commitment": "confirmed",
        "limit": 5,
        "before": "b",
        "until": "u",
    }
