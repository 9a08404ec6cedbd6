"""What wallets hold: how often the node is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import trio
from solders.pubkey import Pubkey

from arena.chain import balances
from arena.chain.balances import Balances
from arena.chain.client import ChainClient, ChainUnavailable
from tests.fixtures.scripted_rpc import ScriptedRpc, scripted_rpc


@pytest.fixture
async def rpc() -> AsyncIterator[ScriptedRpc]:
    async with scripted_rpc() as node:
        held = {"value": 0}

        def balance(_: list[Any]) -> object:
            held["value"] += 1
            return {"context": {"slot": 10}, "value": held["value"]}

        node.methods["getBalance"] = balance
        yield node


@pytest.fixture
async def kept(rpc: ScriptedRpc) -> AsyncIterator[Balances]:
    async with ChainClient(rpc.url, "finalized") as client:
        yield Balances(client)


async def test_a_balance_is_asked_for_at_confirmed(rpc: ScriptedRpc, kept: Balances) -> None:
    wallet = Pubkey.new_unique()
    assert await kept.lamports(wallet) == 1
    assert rpc.calls == [("getBalance", [str(wallet), {"commitment": "confirmed"}])]


async def test_while_a_balance_is_good_the_node_is_not_asked_again(
    rpc: ScriptedRpc, kept: Balances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balances, "MAX_AGE", 3600.0)
    one, other = Pubkey.new_unique(), Pubkey.new_unique()
    assert [await kept.lamports(wallet) for wallet in (one, one, other, one)] == [1, 1, 2, 1]


async def test_an_old_balance_is_asked_for_again(kept: Balances, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balances, "MAX_AGE", 0.0)
    wallet = Pubkey.new_unique()
    assert [await kept.lamports(wallet) for _ in range(2)] == [1, 2]


async def test_many_who_ask_at_once_ask_the_node_once(
    rpc: ScriptedRpc, kept: Balances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balances, "MAX_AGE", 3600.0)
    wallet = Pubkey.new_unique()
    found: list[int] = []

    async def ask() -> None:
        found.append(await kept.lamports(wallet))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert (found, len(rpc.calls)) == ([1] * 50, 1)


async def test_an_outage_is_told_and_not_remembered(rpc: ScriptedRpc, kept: Balances) -> None:
    wallet = Pubkey.new_unique()
    rpc.down = True
    with pytest.raises(ChainUnavailable):
        await kept.lamports(wallet)
    rpc.down = False
    assert await kept.lamports(wallet) == 1


async def test_a_node_that_says_nothing_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balances, "TIMEOUT", 0.1)

    async def silent(stream: trio.SocketStream) -> None:
        async with stream:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, silent, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        async with ChainClient(f"http://127.0.0.1:{port}") as client:
            with trio.fail_after(5), pytest.raises(ChainUnavailable):
                await Balances(client).lamports(Pubkey.new_unique())
        nursery.cancel_scope.cancel()


async def test_of_too_many_wallets_the_one_asked_for_longest_ago_is_forgotten(
    rpc: ScriptedRpc, kept: Balances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balances, "MAX_AGE", 3600.0)
    monkeypatch.setattr(balances, "MAX_WALLETS", 2)
    one, two, three = (Pubkey.new_unique() for _ in range(3))
    assert [await kept.lamports(wallet) for wallet in (one, two, one, three)] == [1, 2, 1, 3]
    assert len(kept) == 2
    assert [await kept.lamports(wallet) for wallet in (one, two)] == [1, 4]
