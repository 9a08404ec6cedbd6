"""JSON-RPC and HTTP as such: malformed requests get errors, slow and greedy clients are cut off."""

import json
from dataclasses import replace
from typing import Any

import pytest
import trio
from solders.keypair import Keypair

from arena.localnet import Limits, LocalnetConfig
from arena.localnet.methods import METHODS
from tests.arena.localnet.support import Chain, running

KEY = str(Keypair().pubkey())
SIGNATURE = str(Keypair().sign_message(b""))


def call(method: Any, *params: Any, **more: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params, **more}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":NaN,"method":"getHealth"}',
        b"[" * 100_000,
        b'{"jsonrpc":"2.0","id":' + b"1" * 10_000 + b',"method":"getHealth"}',
    ],
)
async def test_what_is_not_json_is_a_parse_error(chain: Chain, body: bytes) -> None:
    response = await chain.post(body)
    assert response == {
        "jsonrpc": "2.0",
        "error": {"code": -32700, "message": "Parse error"},
        "id": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        b"1",
        b"null",
        b'"getHealth"',
        b"[]",
        b"{}",
        b'{"id":1,"method":"getHealth"}',
        b'{"jsonrpc":"1.0","id":1,"method":"getHealth"}',
        b'{"jsonrpc":"2.0","id":1}',
        call(5),
        call(None),
        call("getHealth", params="x"),
    ],
)
async def test_what_is_no_request_is_an_invalid_request(chain: Chain, body: bytes) -> None:
    assert (await chain.post(body))["error"]["code"] == -32600


@pytest.mark.parametrize("method", ["", "getheath", "__class__", "getHealth ", "eth_call"])
async def test_an_unknown_method_is_not_found(chain: Chain, method: str) -> None:
    response = await chain.post(call(method))
    assert response["error"] == {"code": -32601, "message": "Method not found"}
    assert response["id"] == 1


BAD_PARAMS: list[tuple[str, list[Any]]] = [
    ("getBalance", []),
    ("getBalance", [5]),
    ("getBalance", [None]),
    ("getBalance", ["not base58 0OIl"]),
    ("getBalance", [KEY + "1"]),
    ("getBalance", [KEY, "confirmed"]),
    ("getBalance", [KEY, {"commitment": "sure"}]),
    ("getBalance", [KEY, {"minContextSlot": -1}]),
    ("getBalance", [KEY, {"minContextSlot": 2**64}]),
    ("getBalance", [KEY, {"minContextSlot": True}]),
    ("getBalance", [KEY, {}, 3]),
    ("getAccountInfo", [KEY, {"encoding": "hex"}]),
    ("getAccountInfo", [KEY, {"encoding": ["base64"]}]),
    ("getAccountInfo", [KEY, {"encoding": "base64+zstd"}]),
    ("getAccountInfo", [KEY, {"dataSlice": {"offset": 1}}]),
    ("getAccountInfo", [KEY, {"dataSlice": [1, 2]}]),
    ("getMultipleAccounts", [KEY]),
    ("getMultipleAccounts", [[KEY, 5]]),
    ("getProgramAccounts", [KEY, {"filters": {"dataSize": 1}}]),
    ("getProgramAccounts", [KEY, {"filters": [{"dataSize": "1"}]}]),
    ("getProgramAccounts", [KEY, {"filters": [{"nonsense": 1}]}]),
    ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {"bytes": "1"}}]}]),
    ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {"offset": 0, "bytes": "0OIl"}}]}]),
    ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {"offset": 0, "bytes": [256]}}]}]),
    ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {"offset": 0, "bytes": [0] * 129}}]}]),
    ("getProgramAccounts", [KEY, {"filters": [{"dataSize": 1}] * 5}]),
    ("getMinimumBalanceForRentExemption", [-1]),
    ("getMinimumBalanceForRentExemption", [1.5]),
    ("getMinimumBalanceForRentExemption", ["1"]),
    ("getFeeForMessage", ["!!!!"]),
    ("getFeeForMessage", ["AAAA"]),
    ("isBlockhashValid", ["x"]),
    ("requestAirdrop", [KEY]),
    ("requestAirdrop", [KEY, -5]),
    ("requestAirdrop", [KEY, 1.0]),
    ("requestAirdrop", [KEY, 2**64]),
    ("sendTransaction", []),
    ("sendTransaction", [5]),
    ("sendTransaction", ["%%%", {"encoding": "base64"}]),
    ("sendTransaction", ["AAAA", {"encoding": "base64"}]),
    ("sendTransaction", ["", {"encoding": "base64"}]),
    ("sendTransaction", ["A" * 1700, {"encoding": "base64"}]),
    ("sendTransaction", ["A" * 5000, {"encoding": "base64"}]),
    ("sendTransaction", ["z" * 1690]),
    ("sendTransaction", ["AAAA", {"encoding": "hex"}]),
    ("sendTransaction", ["AAAA", {"skipPreflight": "yes"}]),
    ("simulateTransaction", ["AAAA", {"encoding": "base64"}]),
    ("getSignatureStatuses", [SIGNATURE]),
    ("getSignatureStatuses", [["xyz"]]),
    ("getSignatureStatuses", [[SIGNATURE] * 257]),
    ("getTransaction", ["xyz"]),
    ("getTransaction", [SIGNATURE, {"encoding": "xml"}]),
    ("getTransaction", [SIGNATURE, {"commitment": "processed"}]),
    ("getTransaction", [SIGNATURE, {"maxSupportedTransactionVersion": "0"}]),
    ("getSignaturesForAddress", [KEY, {"before": "x"}]),
    ("getSignaturesForAddress", [KEY, {"limit": "5"}]),
    ("getHealth", [1]),
]


async def test_bad_parameters_are_invalid_params(chain: Chain) -> None:
    for method, params in BAD_PARAMS:
        response = await chain.post(call(method, *params))
        assert response.get("error", {}).get("code") == -32602, (method, params, response)
        assert response["error"]["message"], (method, params)
    named = await chain.post(call("getHealth", params={"a": 1}))
    assert named["error"]["code"] == -32602


async def test_no_combination_of_odd_parameters_is_an_internal_error(chain: Chain) -> None:
    odd: list[Any] = [None, True, -1, 2**70, 1.5, "", "x", KEY, SIGNATURE, [], [[]], [KEY], {}, {"a": {}}]
    odd += [{"encoding": 1, "filters": 1, "limit": [], "accounts": 5}, {"commitment": {}}]
    for method in METHODS:
        batch = (
            [[a] for a in odd]
            + [[KEY, a] for a in odd]
            + [[SIGNATURE, a] for a in odd]
            + [[[KEY], a] for a in odd]
        )
        requests = [{"jsonrpc": "2.0", "id": 1, "method": method, "params": params} for params in batch]
        for response in await chain.post(json.dumps(requests).encode()):
            code = response.get("error", {}).get("code")
            assert code != -32603, (method, response)


async def test_a_batch_is_answered_one_by_one(chain: Chain) -> None:
    body = [
        {"jsonrpc": "2.0", "id": "a", "method": "getHealth"},
        {"jsonrpc": "2.0", "method": "getHealth"},
        5,
        {"jsonrpc": "2.0", "id": 2.5, "method": "nope"},
    ]
    response = await chain.post(json.dumps(body).encode())
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in response] == [
        ("a", None),
        (None, -32600),
        (2.5, -32601),
    ]
    too_many = json.dumps(body[:1] * 101).encode()
    assert (await chain.post(too_many))["error"]["code"] == -32600


async def test_a_notification_gets_no_answer(chain: Chain) -> None:
    response = await chain.http.post("/", json={"jsonrpc": "2.0", "method": "getHealth"})
    assert (response.status_code, response.content) == (200, b"")


async def test_browsers_may_call_it(chain: Chain) -> None:
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,solana-client",
    }
    preflight = await chain.http.options("/", headers=headers)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "*"
    answer = await chain.http.post("/", content=call("getHealth"), headers=headers)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"].startswith("application/json")


async def test_health_and_other_methods(chain: Chain) -> None:
    health = await chain.http.get("/health")
    assert (health.status_code, health.text) == (200, "ok")
    assert (await chain.http.head("/health")).status_code == 200
    assert (await chain.http.get("/")).status_code == 405
    assert (await chain.http.put("/")).status_code == 405


async def test_a_body_too_large_is_refused(chain: Chain) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", chain.endpoints.rpc_port)
    async with stream:
        size = chain.config.limits.request_bytes + 1
        await stream.send_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size)
        await stream.send_all(b" " * size)
        assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 this is TLS\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 20_000,
    ],
)
async def test_what_is_not_http_is_answered_400_and_cut_off(chain: Chain, data: bytes) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", chain.endpoints.rpc_port)
    async with stream:
        await stream.send_all(data)
        answer = b""
        with trio.fail_after(5):
            try:
                while chunk := await stream.receive_some(1000):
                    answer += chunk
            except trio.BrokenResourceError:
                pass
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert await chain.result("getHealth") == "ok"


async def test_requests_on_one_connection_follow_each_other(chain: Chain) -> None:
    stream = await trio.open_tcp_stream("127.0.0.1", chain.endpoints.rpc_port)
    body = call("getHealth")
    request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    async with stream:
        await stream.send_all(request * 3)  # pipelined
        answer = b""
        with trio.fail_after(5):
            while answer.count(b'"result":"ok"') < 3:
                answer += await stream.receive_some(1000)


@pytest.fixture
def strict(config: LocalnetConfig) -> LocalnetConfig:
    limits = Limits(connections=2, receive_seconds=0.1, idle_seconds=0.2, send_seconds=0.2)
    return replace(config, limits=limits)


async def test_slow_clients_are_cut_off(strict: LocalnetConfig) -> None:
    async with running(strict) as chain:
        for start in (b"", b"POST / HT", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"):
            stream = await trio.open_tcp_stream("127.0.0.1", chain.endpoints.rpc_port)
            async with stream:
                await stream.send_all(start)
                with trio.fail_after(2):
                    assert await stream.receive_some(1000) == b""


async def test_too_many_connections_are_refused(strict: LocalnetConfig) -> None:
    async with running(replace(strict, limits=replace(strict.limits, idle_seconds=5.0))) as chain:
        port = chain.endpoints.rpc_port
        streams = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(3)]
        with trio.fail_after(2):
            assert (await streams[2].receive_some(100)).startswith(b"HTTP/1.1 503")
        for stream in streams:
            await stream.aclose()
        assert await chain.result("getHealth") == "ok"
