"""Bots hang out what they cost: whoever wants a quote need not wait for the bot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from actors import ActorCrashed, ActorInfo
from arena.game import terms
from arena.game.messages import PriceMessage
from arena.problems import Problem
from arena.store.bots import Bot, BotStatus
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, ScriptedBrain, eventually


class FickleBrain(ScriptedBrain):
    """Cannot always judge."""

    reason: str | None = None

    def unavailable(self) -> str | None:
        return self.reason


def info(game: Game, bot: Bot) -> ActorInfo:
    return game.system.info(f"/game/bots/{bot.id}")


async def at_rest(game: Game, bot: Bot) -> None:
    """A commit can be seen before the bot is through with the message that made it."""
    await game.all_is_final(bot.id)
    await eventually(lambda: info(game, bot).idle is not None)


async def refusal(game: Game, bot: Bot) -> str:
    with pytest.raises(Problem) as refused:
        await game.quote(await game.player(bot), "hello")
    return refused.value.code


async def test_a_quote_does_not_wait_for_the_bot_and_has_its_price(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    await at_rest(game, bot)
    for price in (1_000_000, 1_100_000, 1_210_000):
        before = info(game, bot).handled
        offer = game.services.offers.of(bot.id)
        assert offer is not None
        assert (await game.quote(player, "what would it be?")).amount == offer.amount == price
        assert info(game, bot).handled == before
        assert await game.bot_ref(bot.id).ask(PriceMessage()) == offer
        message = await game.say(player, "hello")
        await game.message_becomes(message.id, MessageStatus.JUDGED)
        await at_rest(game, bot)


async def test_a_bot_that_is_over_has_no_offer(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    message = await game.say(await game.player(bot), "sesame")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert game.services.offers.of(bot.id) is None
    assert await refusal(game, bot) == "bot_not_live"


async def test_a_bot_is_not_quoted_beyond_its_closing_time(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot(closes_at=datetime.now(UTC) + timedelta(hours=2))
    game.chain.offset += 7_200
    assert game.services.offers.of(bot.id) is not None
    assert await refusal(game, bot) == "bot_ends_soon"


async def test_a_bot_that_crashes_takes_its_offer_in_until_it_is_back(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote, outgoing = await game.send(player, "hello")
    landing = game.chain.land(outgoing.transaction)
    game.journal.crash_before = "messages.paid"
    with pytest.raises(ActorCrashed):
        await game.hear(bot.id, landing.events[0])
    await eventually(lambda: game.services.offers.of(bot.id) is None)
    assert (await game.quote(player, "and now?")).amount == 1_000_000
    await eventually(lambda: game.services.offers.of(bot.id) is not None)
    await game.hear(bot.id, landing.events[0])
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)


async def test_after_a_fork_the_price_is_that_of_the_chain(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    await game.all_is_final(bot.id)
    game.chain.hold_finality()
    _, outgoing = await game.send(player, "hello")
    await game.hear(bot.id, game.chain.land(outgoing.transaction).events[0])
    assert (await game.quote(player, "more")).amount == 1_100_000
    game.chain.fork()

    async def undone() -> bool:
        return (await game.bot(bot.id)).message_count == 0

    await eventually(undone)
    await game.bot_ref(bot.id).ask(PriceMessage())  # it is past the commit that could be seen
    assert (await game.quote(player, "and more")).amount == 1_000_000


async def test_a_bot_whose_brain_may_be_unavailable_is_asked_each_time(
    monkeypatch: pytest.MonkeyPatch, game: Game
) -> None:
    brain = FickleBrain()
    monkeypatch.setattr(terms, "brain_of", lambda services, bot: brain)
    bot = await game.open_bot()
    player = await game.player(bot)
    assert game.services.offers.of(bot.id) is None
    assert (await game.quote(player, "hello")).amount == 1_000_000
    brain.reason = "It has talked enough for today."
    assert await refusal(game, bot) == "brain_unavailable"


async def test_offers_are_no_more_than_bots_that_take_messages(brain: ScriptedBrain, game: Game) -> None:
    drafted, _ = await game.draft()
    opened = [await game.open_bot() for _ in range(3)]
    assert len(game.services.offers) == 3
    with pytest.raises(Problem):
        await game.bot_ref(drafted.bot_id).ask(PriceMessage())
    assert game.services.offers.of(drafted.bot_id) is None
    for bot in opened:
        await game.say(await game.player(bot), "sesame")
        await eventually(lambda bot=bot: game.services.offers.of(bot.id) is None)  # type: ignore[misc]
        assert (await game.bot(bot.id)).status is BotStatus.SOLVED
    assert len(game.services.offers) == 0
