"""Nodes that lie and players who hold places that they do not pay for, against the whole game.

`docs/adversaries.md` lists all attacks, with the test of each.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from solders.account import Account
from solders.pubkey import Pubkey

from arena.chain.client import AccountState, Commitment
from arena.chain.events import MessageFeeRecorded
from arena.chain.feed import ChainEvent
from arena.chain.submitter import TransactionKind
from arena.game import paying
from arena.problems import Problem
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, ScriptedBrain, eventually

EMPTY = Account(0, b"", Pubkey.default(), False, 0)
SETTLE, CLOSE = TransactionKind.SETTLE, TransactionKind.CLOSE


@pytest.mark.parametrize("data", [b"", b"\x00" * 520, b"\xff" * 520, b"bot" * 1000])
async def test_a_node_that_lies_about_an_account_delays_a_settlement_and_ends_nothing(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    bot = await game.open_bot()
    winner = await game.player(bot)
    honest = game.chain.account
    lies = 0

    async def lying(address: Pubkey, commitment: Commitment | None = None) -> AccountState | None:
        nonlocal lies
        state = await honest(address, commitment)
        if state is None:
            return None
        lies += 1
        return replace(state, data=data)

    monkeypatch.setattr(game.chain, "account", lying)
    message = await game.say(winner, "sesame")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    await eventually(lambda: lies >= 20)
    restarts = {info.path: info.restarts for info in game.system.tree() if info.restarts}
    assert restarts == {}, "a node's lie is an outage, not a fault of ours"
    monkeypatch.setattr(game.chain, "account", honest)
    await game.settle(SETTLE, CLOSE)
    assert (await game.bot(bot.id)).status is BotStatus.CLOSED


async def test_a_node_that_makes_up_a_fee_for_a_solving_message_is_found_out(
    brain: ScriptedBrain, game: Game
) -> None:
    """The event is perfect in every field; only the transaction has never landed."""
    bot = await game.open_bot()
    player = await game.player(bot)
    quote, outgoing = await game.send(player, "sesame")
    account = game.chain.bot(bot.address)
    assert account is not None
    message = await game.message(quote.message_id)
    forged = MessageFeeRecorded(
        bot=Pubkey.from_string(bot.address),
        founding_key=Pubkey.from_string(bot.founding_key),
        bot_id=bot.id,
        pot=account.pot + quote.amount,
        message_count=1,
        event_seq=account.event_seq + 1,
        message_id=message.id,
        content_hash=message.content_hash,
        player=player.wallet.pubkey(),
        message_index=1,
        amount=quote.amount,
        pot_share=quote.amount,
        creator_share=0,
        platform_share=0,
        recorded_at=0,
    )
    held = game.chain.lamports(Pubkey.from_string(bot.address))
    frames = await game.frames(player)
    await game.hear(bot.id, ChainEvent(forged, outgoing.signature, 1, None))
    await frames.until("rollback")
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    assert (await game.message(message.id)).status is MessageStatus.PAYING
    assert game.outbox.untaken(SETTLE) == []
    assert game.chain.lamports(Pubkey.from_string(bot.address)) == held


async def test_payments_by_wallets_without_money_do_not_keep_others_out(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paying, "MAX_UNJUDGED", 4)
    bot = await game.open_bot()
    for _ in range(2):
        penniless = await game.player(bot)
        game.chain.svm.set_account(penniless.wallet.pubkey(), EMPTY)
        for number in range(2):
            with suppress(Problem):
                await game.pay(penniless, await game.quote(penniless, f"place {number}"))
    player = await game.player(bot)
    await game.pay(player, await game.quote(player, "hello"))
