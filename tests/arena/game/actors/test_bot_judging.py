"""From a paid message to its verdict, and what a solving one brings about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import trio

from arena.chain.submitter import TransactionKind
from arena.game.messages import BrainAnswered, PriceMessage, Wake
from arena.game.thinker import SHOW_INTERVAL
from arena.game.thinking import Unjudged
from arena.problems import Problem
from arena.store import messages, solutions
from arena.store.bots import Bot, BotStatus
from arena.store.messages import MessageStatus
from tests.fixtures.game import PHRASE, Game, ScriptedBrain, World, eventually


def restarts(game: Game, bot: Bot) -> int:
    return game.system.info(f"/game/bots/{bot.id}").restarts


async def test_verdicts_are_given_in_the_order_of_the_chain(brain: ScriptedBrain, game: Game) -> None:
    """The first one's brain is slow; the second one's has long found it solved."""
    bot = await game.open_bot()
    slow, quick = await game.player(bot), await game.player(bot)
    release = brain.gate("slow")
    frames = await game.frames(slow)
    first = await game.say(slow, "slow")
    second = await game.say(quick, "sesame")
    assert (await game.message(second.id)).status is MessageStatus.PAID
    await eventually(lambda: sorted(brain.asked) == ["sesame", "slow"])
    await eventually(lambda: game.system.info(f"/game/bots/{bot.id}").details["thinking"] == 1)
    assert (await game.message(second.id)).status is MessageStatus.PAID
    release.set()
    reply = await frames.until("reply")
    assert (reply["message_index"], reply["verdict"], reply["text"]) == (1, "unsolved", "slow")
    assert (await frames.until("settlement"))["message_index"] == 2
    assert (await game.message(first.id)).solved is False
    assert (await game.message(second.id)).solved is True


async def test_what_was_thought_ahead_in_vain_is_paid_back(brain: ScriptedBrain, game: Game) -> None:
    """A slow solution is thought about, and behind it a message whose brain would never end."""
    bot = await game.open_bot()
    winner, late = await game.player(bot), await game.player(bot)
    release, _ = brain.gate("sesame"), brain.gate("endless")
    solving = await game.say(winner, "sesame")
    in_vain = await game.say(late, "endless")
    await brain.wait_until_asked("endless")
    release.set()
    assert (await game.message_becomes(solving.id, MessageStatus.JUDGED)).solved
    assert (await game.message_becomes(in_vain.id, MessageStatus.REFUNDING)).refund_reason == "late"
    details = game.system.info(f"/game/bots/{bot.id}").details
    assert (details["waiting"], details["thinking"]) == (0, 0)


async def test_when_the_bot_starts_anew_all_are_thought_about_again(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    one, two = await game.player(bot), await game.player(bot)
    release = brain.gate("slow")
    first, second = await game.say(one, "slow"), await game.say(two, "quick")
    await brain.wait_until_asked("quick")
    await game.crash_bot(bot.id)
    release.set()
    for message in (first, second):
        await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert sorted(brain.asked) == ["quick", "quick", "slow", "slow"]
    assert (await game.bot(bot.id)).judged_count == 2


async def test_a_player_is_told_the_reply_while_it_is_said(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    await game.say(player, "hello")
    assert (await frames.until("reply.delta"))["text"] == "you said hello"
    assert (await frames.next())["type"] == "reply"


async def test_what_was_said_is_shown_soon_also_when_the_brain_then_falls_silent(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    go_on = brain.pause("hello")
    await game.say(player, "hello")
    assert (await frames.until("reply.delta"))["text"] == "you "
    assert (await frames.next())["text"] == "said ", (
        "it came right after the first, and was held back for a moment"
    )
    go_on.set()
    shown = "you said "
    while (frame := await frames.next())["type"] == "reply.delta":
        shown += frame["text"]
    assert frame["reply"] == "you said hello"
    assert frame["reply"].startswith(shown)


async def test_of_what_is_said_at_once_the_beginning_is_shown_and_then_the_reply(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    brain.pause("hello").set()
    await game.say(player, "hello")
    assert (await frames.until("reply.delta"))["text"] == "you "
    assert (await frames.next())["reply"] == "you said hello"
    await trio.sleep(2 * SHOW_INTERVAL)
    with pytest.raises(trio.WouldBlock):
        frames.subscription.receive_nowait()


async def test_a_brain_remembers_what_this_player_said_and_nobody_else(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    one, two = await game.player(bot), await game.player(bot)
    for player, text in ((one, "first"), (two, "other"), (one, "third")):
        message = await game.say(player, text)
        await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert [(turn.index, turn.text, turn.reply) for turn in brain.histories[2]] == [
        (1, "first", "you said first")
    ]


async def test_nothing_of_a_message_is_public_before_its_verdict_is_committed(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    game.journal.crash_before = "messages.judged"
    message = await game.say(player, "hello")
    await eventually(lambda: restarts(game, bot) == 1)
    await frames.ended()
    judged = await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert brain.asked == ["hello", "hello"], "it was judged again, from the rows"
    assert judged.reply == "you said hello"


async def test_a_crash_after_the_verdict_does_not_judge_twice(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    game.journal.crash_after = "messages.judged"
    first = await game.say(player, "hello")
    await eventually(lambda: restarts(game, bot) == 1)
    second = await game.say(player, "again")
    await game.message_becomes(second.id, MessageStatus.JUDGED)
    await eventually(lambda: brain.asked == ["hello", "again"])
    assert (await game.message(first.id)).status is MessageStatus.JUDGED


async def test_a_verdict_for_an_earlier_start_of_the_bot_does_no_harm(
    brain: ScriptedBrain, game: Game
) -> None:
    """The bot crashes while a verdict waits in its mailbox, which survives; then the brain answers again."""
    bot = await game.open_bot()
    player = await game.player(bot)
    release = brain.gate("hello")
    message = await game.say(player, "hello")
    await brain.wait_until_asked("hello")
    await game.all_is_final(bot.id)
    quote = await game.quote(player, "crash")
    game.journal.crash_before, game.journal.crash_when = "messages.accept", trio.Event()

    async def pay() -> None:
        with pytest.raises(Exception, match="crashed"):
            await game.pay(player, quote)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pay)
        await eventually(lambda: game.journal.crash_before is None)
        release.set()
        await eventually(lambda: game.system.info(f"/game/bots/{bot.id}").mailbox_depth == 1)
        game.journal.crash_when.set()
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    await game.message_becomes((await game.say(player, "more")).id, MessageStatus.JUDGED)
    assert restarts(game, bot) == 1


async def test_a_verdict_that_nobody_waits_for_is_ignored(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    message = await game.say(player, "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    await game.bot_ref(bot.id).ask(BrainAnswered(message.id, Unjudged.FAILED))
    assert (await game.message(message.id)).status is MessageStatus.JUDGED
    assert restarts(game, bot) == 0


async def test_a_message_that_could_not_be_judged_is_paid_back(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    message = await game.say(player, "boom")
    due = await frames.until("refund", status="due")
    assert (due["reason"], due["amount"], due["message_index"]) == ("unjudged", 1_000_000, 1)
    before = game.chain.lamports(player.wallet)
    await game.settle(TransactionKind.REFUND)
    assert game.chain.lamports(player.wallet) == before + 1_000_000
    assert (await frames.until("refund", status="paid"))["message_index"] == 1
    refunded = await game.message(message.id)
    assert (refunded.status, refunded.refund_reason) == (MessageStatus.REFUNDED, "unjudged")
    now = await game.bot(bot.id)
    assert (now.status, now.pot, now.judged_count) == (BotStatus.OPEN, 50_000_000, 1)
    await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)


async def test_a_brain_that_never_ends_is_a_refund(
    brain: ScriptedBrain, world: World, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await game.open_bot()
    brain.gate("hangs")
    monkeypatch.setattr(
        game.services, "settings", world.settings.model_copy(update={"arena_verdict_timeout": 0.05})
    )
    message = await game.say(await game.player(bot), "hangs")
    await game.message_becomes(message.id, MessageStatus.REFUNDING)


async def test_the_reward_is_the_initial_pot_and_what_counted_messages_added(
    brain: ScriptedBrain, game: Game
) -> None:
    """Messages 1 and 4 count; 2 was refunded; 5 and 6 came after the winning one."""
    bot = await game.open_bot()
    loser, winner = await game.player(bot), await game.player(bot)
    frames = await game.frames(winner)
    first = await game.say(loser, "wrong")
    unjudged = await game.say(loser, "boom")
    await game.message_becomes(unjudged.id, MessageStatus.REFUNDING)
    release = brain.gate("slow")
    third = await game.say(loser, "slow")
    winning = await game.say(winner, "sesame")
    waiting = await game.say(loser, "sesame")
    _, under_way = await game.send(loser, "sesame")
    await brain.wait_until_asked("sesame")
    await eventually(lambda: game.system.info(f"/game/bots/{bot.id}").details["thinking"] == 1)
    release.set()
    solved = await frames.until("settlement", status="solved")
    counted = [await game.message(each.id) for each in (first, third, winning)]
    shares = sum(message.pot_share or 0 for message in counted)
    assert solved["reward"] == 50_000_000 + shares
    assert solved["winner"] == winner.address
    solution = await solutions.get(game.database, bot.id)
    assert solution is not None
    assert (solution.reward, solution.message_index, solution.winner) == (
        solved["reward"],
        4,
        winner.address,
    )
    assert solution.revealed == {"phrase": PHRASE}
    late = await game.message(waiting.id)
    assert (late.status, late.refund_reason) == (MessageStatus.REFUNDING, "late")
    landing = await game.land(under_way)
    assert landing.error is None, "the chain takes it until the reward is paid"
    rows = await messages.refunds_due(game.database, bot.id)
    assert [(row.message_index, row.refund_reason) for row in rows] == [
        (2, "unjudged"),
        (5, "late"),
        (6, "late"),
    ]
    assert (await game.bot(bot.id)).judged_count == 6
    assert brain.asked.count("sesame") == 1, "after the end nothing is judged"


async def test_a_solved_bot_takes_no_more_messages(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    late, quote = await game.player(bot), None
    quote = await game.quote(late, "mine")
    message = await game.say(player, "sesame")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    for attempt in (game.bot_ref(bot.id).ask(PriceMessage()), game.pay(late, quote)):
        with pytest.raises(Problem) as refused:
            await attempt
        assert refused.value.extra == {"bot_status": "solved"}


async def test_the_real_riddle_is_solved_by_its_phrase(game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    await game.say(player, "please?")
    assert (await frames.until("reply"))["verdict"] == "unsolved"
    await game.say(player, f"I say: {PHRASE}!")
    assert (await frames.until("reply"))["verdict"] == "solved"


async def test_paid_messages_are_judged_after_a_restart_of_the_server(
    brain: ScriptedBrain, world: World
) -> None:
    release = brain.gate("slow")
    async with world.running() as game:
        bot = await game.open_bot()
        player = await game.player(bot)
        first, second = await game.say(player, "slow"), await game.say(player, "sesame")
    release.set()
    async with world.running() as game:
        assert (await game.message_becomes(first.id, MessageStatus.JUDGED)).message_index == 1
        assert (await game.message_becomes(second.id, MessageStatus.JUDGED)).solved is True
        assert (await game.bot(bot.id)).status is BotStatus.SOLVED


async def test_a_restart_by_an_operator_goes_on_where_it_was(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    release = brain.gate("hello")
    message = await game.say(player, "hello")
    frames = await game.frames(player)
    await brain.wait_until_asked("hello")
    await game.crash_bot(bot.id)
    await frames.ended()
    release.set()
    await game.message_becomes(message.id, MessageStatus.JUDGED)


async def test_an_unsolved_bot_expires_when_its_time_is_over(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)
    game.chain.offset = bot.closes_at.timestamp() - game.chain.now() + 5
    await game.bot_ref(bot.id).ask(Wake())
    assert (await game.bot(bot.id)).status is BotStatus.OPEN, "the clock of the chain may be behind ours"
    game.chain.offset += 10
    await game.bot_ref(bot.id).ask(Wake())
    await frames.until("settlement", status="expired")
    solution = await solutions.get(game.database, bot.id)
    assert solution is not None
    assert (solution.winner, solution.reward, solution.revealed) == (None, 0, {"phrase": PHRASE})


async def test_a_bot_that_nobody_cares_for_ends_by_its_terms_and_is_closed(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot(idle_after=600, idle_min_messages=1)
    player = await game.player(bot)
    frames = await game.frames(player)

    async def wake_after(seconds: float) -> BotStatus:
        game.chain.offset += seconds
        game.feed.status = replace(game.feed.status, last_poll_at=game.chain.now())
        await game.bot_ref(bot.id).ask(Wake())
        return (await game.bot(bot.id)).status

    assert await wake_after(700) is BotStatus.OPEN, "it has not had its least number of messages"
    await game.message_becomes((await game.say(player, "hello")).id, MessageStatus.JUDGED)
    assert await wake_after(500) is BotStatus.OPEN
    assert await wake_after(200) is BotStatus.EXPIRED
    await frames.until("settlement", status="expired")
    await game.settle(TransactionKind.CLOSE)
    assert (await game.bot(bot.id)).status is BotStatus.CLOSED


async def test_an_outage_of_the_chain_is_not_idleness(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot(idle_after=600)
    game.chain.offset += 10_000  # the feed has not looked at the chain since
    await game.bot_ref(bot.id).ask(Wake())
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    game.feed.status = replace(game.feed.status, last_poll_at=game.chain.now())
    await game.bot_ref(bot.id).ask(Wake())
    assert (await game.bot(bot.id)).status is BotStatus.OPEN, "players have to have a chance"
    game.chain.offset += 600
    game.feed.status = replace(game.feed.status, last_poll_at=game.chain.now())
    await game.bot_ref(bot.id).ask(Wake())
    assert (await game.bot(bot.id)).status is BotStatus.EXPIRED


async def test_a_bot_does_not_expire_while_anything_may_still_be_judged(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot(closes_at=game_time(game) + timedelta(minutes=6))
    player = await game.player(bot)
    release = brain.gate("sesame")
    message = await game.say(player, "sesame")
    _, under_way = await game.send(player, "later")
    game.chain.offset += 3600
    await game.bot_ref(bot.id).ask(Wake())
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    release.set()
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert (await game.bot(bot.id)).status is BotStatus.SOLVED, "it was paid in time"
    await game.expire(under_way)


def game_time(game: Game) -> datetime:
    return datetime.fromtimestamp(game.chain.now(), UTC)
