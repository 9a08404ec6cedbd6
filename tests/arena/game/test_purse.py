"""What a wallet holds: asked for when it matters, and not for each message of who says one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from solders.keypair import Keypair

from arena.chain.client import ChainClient
from arena.game.purse import BALANCE_SECONDS, NETWORK_FEE, Purse
from arena.problems import Problem
from tests.fixtures.scripted_rpc import ScriptedRpc, scripted_rpc

EXISTENCE = 890_880
AMOUNT = 1_000_000


class Wallet:
    """A purse, and the one wallet that the node knows."""

    def __init__(self, node: ScriptedRpc, client: ChainClient) -> None:
        self.lamports = 0
        self.node = node
        self.purse = Purse(client, str(Keypair().pubkey()))
        node.methods["getMinimumBalanceForRentExemption"] = lambda _: EXISTENCE
        node.methods["getBalance"] = lambda _: {"context": {"slot": 10}, "value": self.lamports}

    @property
    def looks(self) -> int:
        return sum(method == "getBalance" for method, _ in self.node.calls)

    async def pay(self) -> str | None:
        """Check, and pay; the code of the refusal."""
        try:
            await self.purse.check(AMOUNT)
        except Problem as problem:
            return problem.code
        self.purse.paid(AMOUNT)
        self.lamports -= AMOUNT + NETWORK_FEE
        return None


@asynccontextmanager
async def a_wallet() -> AsyncIterator[Wallet]:
    async with scripted_rpc() as node, ChainClient(node.url) as client:
        yield Wallet(node, client)


async def test_a_wallet_that_covers_many_messages_is_looked_up_once() -> None:
    async with a_wallet() as wallet:
        wallet.lamports = 3 * (AMOUNT + NETWORK_FEE) + EXISTENCE
        assert [await wallet.pay() for _ in range(3)] == [None] * 3
        assert wallet.looks == 1
        assert await wallet.pay() == "funds_insufficient"
        assert wallet.looks == 2, "a refusal rests on what the chain says now"


async def test_after_a_payment_that_was_not_sent_the_chain_is_asked_anew() -> None:
    async with a_wallet() as wallet:
        wallet.lamports = 5 * (AMOUNT + NETWORK_FEE) + EXISTENCE
        assert [await wallet.pay() for _ in range(2)] == [None] * 2
        wallet.purse.kept()
        assert [await wallet.pay() for _ in range(2)] == [None] * 2
        assert wallet.looks == 2


@pytest.mark.parametrize(
    ("lamports", "code"),
    [
        (0, "funds_insufficient"),
        (AMOUNT + NETWORK_FEE - 1, "funds_insufficient"),
        (AMOUNT + NETWORK_FEE, None),
        (AMOUNT + NETWORK_FEE + 1, "funds_below_rent"),
        (AMOUNT + NETWORK_FEE + EXISTENCE - 1, "funds_below_rent"),
        (AMOUNT + NETWORK_FEE + EXISTENCE, None),
    ],
)
async def test_a_payment_may_leave_nothing_or_enough_for_the_wallet_to_exist(
    lamports: int, code: str | None
) -> None:
    async with a_wallet() as wallet:
        wallet.lamports = lamports
        assert await wallet.pay() == code


async def test_money_that_has_come_in_counts_at_once() -> None:
    async with a_wallet() as wallet:
        wallet.lamports = AMOUNT
        assert await wallet.pay() == "funds_insufficient"
        wallet.lamports = 2 * AMOUNT + EXISTENCE
        assert await wallet.pay() is None


async def test_what_was_spent_elsewhere_is_noticed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arena.game.purse.BALANCE_SECONDS", 0.0)
    assert BALANCE_SECONDS > 0
    async with a_wallet() as wallet:
        wallet.lamports = 10 * AMOUNT
        assert await wallet.pay() is None
        wallet.lamports = 0
        assert await wallet.pay() == "funds_insufficient"
        assert wallet.looks == 2


async def test_a_chain_that_cannot_be_asked_refuses_nobody() -> None:
    async with a_wallet() as wallet:
        wallet.node.methods["getBalance"] = lambda _: "what?"
        with trio.fail_after(5):
            await wallet.purse.check(AMOUNT)
