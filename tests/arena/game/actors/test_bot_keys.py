"""The keys that bots answer to: a bot with other keys than the arena's waits until its admin has rotated them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.instructions import rotate_keys
from arena.chain.own_transactions import own_transaction
from arena.chain.submitter import TransactionKind
from arena.game.closing import unsigned_closing
from arena.game.messages import CloseUnplayed, OpenBot
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store import under_way
from arena.store.bots import Bot, BotStatus
from arena.store.messages import MessageStatus
from tests.fixtures.game import SOL, Game, ScriptedBrain, World, eventually


async def rotate(game: Game, bot: Bot, quote_key: Pubkey, payout_key: Pubkey) -> None:
    """The admin gives the bot other keys, and the feed tells of it."""
    admin = game.services.keys.admin
    assert admin is not None
    game.chain.give(admin.pubkey(), SOL)
    instruction = rotate_keys(
        DEFAULT_PROGRAM_ID,
        bot=Pubkey.from_string(bot.address),
        admin=admin.pubkey(),
        quote_key=quote_key,
        payout_key=payout_key,
    )
    signed = own_transaction([instruction], admin, await game.chain.latest_blockhash())
    landing = game.chain.land(signed.transaction)
    assert landing.error is None
    for event in landing.events:
        await game.hear(bot.id, event)


async def rotate_away(game: Game, bot: Bot) -> None:
    await rotate(game, bot, Keypair().pubkey(), Keypair().pubkey())


async def rotate_to_ours(game: Game, bot: Bot) -> None:
    await rotate(game, bot, game.services.keys.quote_pubkey, game.services.keys.payout_pubkey)


@asynccontextmanager
async def with_new_keys(world: World) -> AsyncIterator[Game]:
    """The arena as it starts after its operator has replaced both key files."""
    quote, payout = Keypair(), Keypair()
    world.chain.give(payout.pubkey(), SOL)
    async with replace(world, keys=replace(world.keys, quote=quote, payout=payout)).running() as game:
        yield game


async def quote_refused(game: Game, bot: Bot) -> tuple[str, int]:
    player = await game.player(bot)
    with pytest.raises(Problem) as refusal:
        await game.quote(player, "hello")
    return refusal.value.code, refusal.value.status


async def test_a_bot_whose_keys_were_rotated_away_takes_no_payment_until_they_are_ours_again(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    await rotate_away(game, bot)
    assert await quote_refused(game, bot) == ("keys_rotating", 503)
    await rotate_to_ours(game, bot)
    message = await game.say(await game.player(bot), "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)


async def test_a_quote_from_before_is_not_co_signed_for_a_bot_that_would_refuse_it(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "hello")
    await rotate_away(game, bot)
    with pytest.raises(Problem) as refusal:
        await game.pay(player, quote)
    assert refusal.value.code == "keys_rotating"
    assert not game.outbox.untaken(TransactionKind.FEE)


async def test_an_arena_with_new_keys_holds_its_bots_and_plays_them_on_after_their_rotation(
    brain: ScriptedBrain, world: World
) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        await game.say(await game.player(bot), "hello")
    async with with_new_keys(world) as game:
        assert await quote_refused(game, bot) == ("keys_rotating", 503)
        assert game.system.info(f"/game/bots/{bot.id}").details["keys_are_ours"] is False
        await rotate_to_ours(game, bot)
        winner = await game.player(bot)
        before = game.chain.lamports(winner.wallet)
        message = await game.say(winner, "sesame")
        await game.settle(TransactionKind.SETTLE, TransactionKind.CLOSE)
        assert game.chain.lamports(winner.wallet) > before - message.amount
        assert (await game.bot(bot.id)).status is BotStatus.CLOSED


async def test_what_a_restarted_arena_knows_of_keys_is_what_the_chain_said_last(game: Game) -> None:
    bot = await game.open_bot()
    await rotate_away(game, bot)
    await game.crash_bot(bot.id)
    assert await quote_refused(game, bot) == ("keys_rotating", 503)
    await rotate_to_ours(game, bot)
    await game.crash_bot(bot.id)
    await game.quote(await game.player(bot), "hello")


async def test_a_rotation_that_the_chain_takes_back_has_not_happened(game: Game) -> None:
    bot = await game.open_bot()
    await game.all_is_final(bot.id)
    game.chain.hold_finality()
    await rotate_away(game, bot)
    assert await quote_refused(game, bot) == ("keys_rotating", 503)
    game.chain.fork()

    async def undone() -> bool:
        return (await game.bot(bot.id)).event_seq == 1

    await eventually(undone)
    await game.quote(await game.player(bot), "hello")


async def test_a_reward_waits_for_the_rotation_and_is_paid_after_it(
    brain: ScriptedBrain, world: World
) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        winner = await game.player(bot)
        await game.say(winner, "sesame")
        await game.outbox.take(TransactionKind.SETTLE)  # and the payout key is replaced before it lands
    async with with_new_keys(world) as game:
        settle = await game.outbox.take(TransactionKind.SETTLE)
        await game.expire(settle)  # what the old key has signed is dead in the end
        path = f"/game/settlements/{bot.id}"
        await eventually(lambda: "rotate" in game.system.info(path).details["waiting_for"])
        assert not game.outbox.untaken(TransactionKind.SETTLE)
        await rotate_to_ours(game, bot)
        before = game.chain.lamports(winner.wallet)
        await game.settle(TransactionKind.SETTLE, TransactionKind.CLOSE)
        assert game.chain.lamports(winner.wallet) > before + bot.initial_pot


async def test_a_draft_made_for_the_old_keys_has_to_be_made_anew(world: World) -> None:
    async with world.running() as game:
        draft, creator = await game.draft()
    async with with_new_keys(world) as game:
        opening = OpenBot(str(creator.pubkey()), sign_first(draft.transaction, creator))
        with pytest.raises(Problem) as refusal:
            await game.bot_ref(draft.bot_id).ask(opening)
        assert (refusal.value.code, refusal.value.status) == ("draft_outdated", 409)
        assert not game.outbox.all


async def test_an_unplayed_bot_is_not_closed_early_with_a_key_that_it_does_not_know(game: Game) -> None:
    creator = Keypair()
    bot = await game.open_bot(creator=creator)
    closing = sign_first(await unsigned_closing(game.services, bot, str(creator.pubkey())), creator)
    await rotate_away(game, bot)
    with pytest.raises(Problem) as refusal:
        await game.bot_ref(bot.id).ask(CloseUnplayed(str(creator.pubkey()), closing))
    assert refusal.value.code == "keys_rotating"


async def test_the_keys_of_a_bot_from_before_they_were_written_down_are_taken_for_ours(game: Game) -> None:
    bot = await game.open_bot()
    await game.database.execute("update chain_events set quote_key = null, payout_key = null")
    assert (await under_way.of_bot(game.database, bot.id)).keys is None
    await game.crash_bot(bot.id)
    await game.quote(await game.player(bot), "hello")
