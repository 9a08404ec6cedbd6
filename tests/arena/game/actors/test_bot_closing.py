"""A creator closes a bot that nobody has paid, before its time."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair

from arena.chain.submitter import TransactionKind
from arena.game.closing import unsigned_closing
from arena.game.messages import CloseUnplayed, PriceMessage
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store import solutions, transactions
from arena.store.bots import Bot, BotStatus
from arena.store.transactions import TransactionStatus
from tests.fixtures.game import Game, ScriptedBrain, World, eventually

CLOSE = TransactionKind.CLOSE


async def opened(game: Game) -> tuple[Bot, Keypair]:
    creator = Keypair()
    bot = await game.open_bot(creator=creator)
    await game.all_is_final(bot.id)
    return bot, creator


async def signed_closing(game: Game, bot: Bot, creator: Keypair) -> CloseUnplayed:
    raw = await unsigned_closing(game.services, bot, str(creator.pubkey()))
    return CloseUnplayed(str(creator.pubkey()), sign_first(raw, creator))


async def refused(game: Game, bot: Bot, closing: CloseUnplayed) -> str:
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(bot.id).ask(closing)
    return refusal.value.code


async def test_its_creator_gets_back_everything(game: Game) -> None:
    bot, creator = await opened(game)
    held = game.chain.lamports(creator)
    account = game.chain.bot(bot.address)
    assert account is not None
    signature = await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator))
    sent = await game.outbox.take(CLOSE)
    assert sent.signature == signature
    await game.land(sent)
    assert (await game.bot(bot.id)).status is BotStatus.CLOSED
    assert game.chain.lamports(creator) == held + account.owed - 10_000

    async def closed() -> bool:
        solution = await solutions.get(game.database, bot.id)
        return solution is not None and solution.close_signature == signature

    await eventually(closed)


async def test_from_then_on_nobody_can_pay(game: Game) -> None:
    bot, creator = await opened(game)
    await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator))
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(bot.id).ask(PriceMessage())
    assert refusal.value.extra == {"bot_status": "expired"}


async def test_closing_twice_is_closing_once(game: Game) -> None:
    bot, creator = await opened(game)
    first = await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator))
    assert await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator)) == first
    assert len([sent for sent in game.outbox.all if sent.kind is CLOSE]) <= 1


async def test_a_bot_that_somebody_has_paid_ends_by_its_terms(brain: ScriptedBrain, game: Game) -> None:
    bot, creator = await opened(game)
    closing = await signed_closing(game, bot, creator)
    player = await game.player(bot)
    _, under_way = await game.send(player, "hello")
    assert await refused(game, bot, closing) == "bot_played", "it may land any moment"
    await game.land(under_way)
    assert await refused(game, bot, closing) == "bot_played"
    assert (await game.bot(bot.id)).status is BotStatus.OPEN


async def test_somebody_else_s_signature_closes_nothing(game: Game) -> None:
    bot, creator = await opened(game)
    stranger = Keypair()
    raw = await unsigned_closing(game.services, bot, str(stranger.pubkey()))
    forged = CloseUnplayed(str(creator.pubkey()), sign_first(raw, stranger))
    assert await refused(game, bot, forged) == "payer_unexpected"
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    assert not game.outbox.untaken(CLOSE)


async def test_a_closing_that_never_lands_can_be_made_again(game: Game) -> None:
    bot, creator = await opened(game)
    await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator))
    first = await game.outbox.take(CLOSE)
    await game.expire(first)
    second = await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator))
    assert second != first.signature
    await game.settle(CLOSE)
    assert (await game.bot(bot.id)).status is BotStatus.CLOSED
    row = await transactions.get(game.database, first.signature)
    assert row is not None
    assert row.status is TransactionStatus.EXPIRED


async def test_a_restart_brings_it_to_its_end(world: World) -> None:
    async with world.running() as game:
        bot, creator = await opened(game)
        signature = await game.bot_ref(bot.id).ask(await signed_closing(game, bot, creator))
    async with world.running() as game:
        sent = await game.outbox.take(CLOSE)
        assert sent.signature == signature
        await game.land(sent)
        assert (await game.bot(bot.id)).status is BotStatus.CLOSED
