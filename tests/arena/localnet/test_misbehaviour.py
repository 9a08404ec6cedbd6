"""A node that answers badly when a test tells it to."""

from typing import Any

import httpx
import pytest
import trio
from solders.keypair import Keypair

from arena.chain.client import ChainClient, ChainUnavailable
from tests.arena.localnet.support import SOL, Chain, memo, subscriber


async def misbehave(chain: Chain, **how: Any) -> None:
    assert await chain.result("arena_misbehave", how or None)


async def post(chain: Chain, method: str, *params: Any) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    return await chain.http.post("/", json=body)


async def test_it_answers_429_and_says_when_to_come_back(faulty_chain: Chain) -> None:
    await misbehave(faulty_chain, how="rateLimited", retryAfter=7)
    response = await post(faulty_chain, "getSlot")
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    await misbehave(faulty_chain)
    assert (await post(faulty_chain, "getSlot")).status_code == 200


async def test_it_misbehaves_for_so_many_requests_and_methods(faulty_chain: Chain) -> None:
    await misbehave(faulty_chain, how="rateLimited", requests=2, methods=["getSlot"])
    seen = [(await post(faulty_chain, method)).status_code for method in ["getHealth", *["getSlot"] * 3]]
    assert seen == [200, 429, 429, 200]


async def test_it_answers_nonsense(faulty_chain: Chain) -> None:
    await misbehave(faulty_chain, how="nonsense", requests=1)
    async with ChainClient(faulty_chain.endpoints.rpc_url, timeout=2.0) as client:
        with pytest.raises(ChainUnavailable):
            await client.balance(Keypair().pubkey())


async def test_it_lies_with_the_words_it_was_given(faulty_chain: Chain) -> None:
    lie = '{"jsonrpc":"2.0","id":1,"result":{"context":{"slot":1},"value":5}}'
    await misbehave(faulty_chain, how="nonsense", methods=["getBalance"], body=lie)
    assert await faulty_chain.balance(Keypair().pubkey()) == 5


async def test_it_is_silent_until_told_otherwise(faulty_chain: Chain) -> None:
    await misbehave(faulty_chain, how="silent", methods=["getSlot"])
    assert faulty_chain.node is not None
    told = faulty_chain.node.misbehaviour
    assert told is not None
    async with trio.open_nursery() as nursery:

        async def cut_off() -> None:
            async with httpx.AsyncClient(base_url=faulty_chain.endpoints.rpc_url) as http:
                body = {"jsonrpc": "2.0", "id": 1, "method": "getSlot", "params": []}
                with pytest.raises(httpx.RemoteProtocolError):
                    await http.post("/", json=body, timeout=10)

        nursery.start_soon(cut_off)
        while not told.over.statistics().tasks_waiting:
            await trio.sleep(0.005)
        assert (await post(faulty_chain, "getHealth")).status_code == 200
        await misbehave(faulty_chain)


async def test_it_lags_behind(faulty_chain: Chain) -> None:
    alice = await faulty_chain.funded(commitment="finalized")
    for _ in range(20):
        await faulty_chain.step()
    bob = Keypair().pubkey()
    airdrop = await faulty_chain.result("requestAirdrop", str(bob), SOL)
    await faulty_chain.reach(airdrop, "finalized")
    slots = {
        level: await faulty_chain.result("getSlot", {"commitment": level})
        for level in ("processed", "finalized")
    }
    await misbehave(faulty_chain, how="lagging", slots=10)
    for level, slot in slots.items():
        assert await faulty_chain.result("getSlot", {"commitment": level}) == slot - 10
    assert await faulty_chain.status(airdrop) is None
    assert await faulty_chain.result("getTransaction", airdrop) is None
    assert await faulty_chain.balance(bob) == 0
    assert await faulty_chain.balance(alice.pubkey()) == 10 * SOL
    seen = []
    for _ in range(12):
        status = await faulty_chain.status(airdrop)
        seen.append(status and status["confirmationStatus"])
        await faulty_chain.step()
    assert [seen.index(level) for level in (None, "processed", "confirmed", "finalized")] == [0, 6, 7, 10]
    await misbehave(faulty_chain)
    assert await faulty_chain.balance(bob, "finalized") == SOL


async def test_a_transaction_sent_to_a_node_that_lags_lands_all_the_same(faulty_chain: Chain) -> None:
    alice = await faulty_chain.funded(commitment="finalized")
    for _ in range(10):
        await faulty_chain.step()
    await misbehave(faulty_chain, how="lagging", slots=5)
    signature = await faulty_chain.send([alice], memo(b"hi", alice))
    assert await faulty_chain.status(signature) is None
    await misbehave(faulty_chain)
    assert (await faulty_chain.status(signature))["err"] is None


async def test_its_subscriptions_do_not_lag(faulty_chain: Chain) -> None:
    alice = await faulty_chain.funded(commitment="finalized")
    await misbehave(faulty_chain, how="lagging", slots=5)
    async with subscriber(faulty_chain) as ws:
        await ws.subscribe("logsSubscribe", {"mentions": [str(alice.pubkey())]}, {"commitment": "confirmed"})
        signature = await faulty_chain.send([alice], memo(b"hi", alice), skip_preflight=True)
        await faulty_chain.step()
        notified = (await ws.notified("logsNotification"))["result"]["value"]
        assert notified["signature"] == str(signature)


@pytest.mark.parametrize(
    "how",
    [
        {"how": "worse"},
        {"how": "lagging", "slots": 65},
        {"how": "rateLimited", "requests": -1},
        {"how": "nonsense", "body": 5},
        {"how": "silent", "methods": "getSlot"},
    ],
)
async def test_an_unknown_misbehaviour_is_refused(faulty_chain: Chain, how: dict[str, Any]) -> None:
    response = await faulty_chain.call("arena_misbehave", how)
    assert response["error"]["code"] == -32602


async def test_a_node_misbehaves_only_when_started_for_it(stepped_chain: Chain) -> None:
    response = await stepped_chain.call("arena_misbehave", {"how": "silent"})
    assert response["error"]["code"] == -32601
    assert "--faulty" in response["error"]["message"]
