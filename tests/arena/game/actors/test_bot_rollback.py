"""The chain takes back what it had confirmed: nobody is paid for it, nothing is lost, nothing is judged twice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from arena.chain.submitter import Landed, Outgoing, TransactionKind
from arena.game.messages import PriceMessage
from arena.problems import Problem
from arena.store import chain_events, messages, solutions, transactions
from arena.store.bots import Bot, BotStatus
from arena.store.messages import Message, MessageStatus
from arena.store.transactions import TransactionStatus
from tests.fixtures.game import Game, Landing, Player, ScriptedBrain, World, eventually


@dataclass
class Sent:
    """A message whose payment the chain has confirmed."""

    player: Player
    message: Message
    outgoing: Outgoing


async def confirm(game: Game, outgoing: Outgoing) -> Landing:
    """The chain takes it and the feed tells of it; it is not final."""
    landing = game.chain.land(outgoing.transaction)
    assert landing.error is None
    for event in landing.events:
        await game.hear(outgoing.bot_id, event)
    return landing


async def pay(game: Game, player: Player, text: str) -> Sent:
    quote, outgoing = await game.send(player, text)
    await confirm(game, outgoing)
    return Sent(player, await game.message(quote.message_id), outgoing)


async def say(game: Game, player: Player, text: str) -> Sent:
    sent = await pay(game, player, text)
    return Sent(player, await game.message_becomes(sent.message.id, MessageStatus.JUDGED), sent.outgoing)


async def fork(game: Game, bot: Bot) -> None:
    """Take back all since finality was held, and wait until the bot has noticed."""
    before = await game.bot(bot.id)
    final = await chain_events.final_seq(game.database, bot.id)
    game.chain.fork()

    async def noticed() -> bool:
        return (await game.bot(bot.id)).event_seq == final

    assert before.event_seq > final
    await eventually(noticed)


async def opened(game: Game) -> Bot:
    """A bot whose creation is final; what follows is not."""
    bot = await game.open_bot()
    await game.all_is_final(bot.id)
    game.chain.hold_finality()
    return bot


async def test_what_the_chain_stands_by_becomes_final(brain: ScriptedBrain, game: Game) -> None:
    bot = await opened(game)
    player = await game.player(bot)
    await say(game, player, "hello")
    assert await chain_events.final_seq(game.database, bot.id) == 1
    game.chain.release_finality()
    await game.all_is_final(bot.id)
    assert await chain_events.final_seq(game.database, bot.id) == 2


async def test_a_payment_that_was_taken_back_is_sent_again_and_its_verdict_is_given_again_without_the_brain(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await opened(game)
    player = await game.player(bot)
    frames = await game.frames(player)
    sent = await say(game, player, "hello")
    await fork(game, bot)
    assert (await frames.until("payment", status="taken_back"))["signature"] == sent.outgoing.signature
    rollback = await frames.until("rollback")
    assert (rollback["message_count"], rollback["pot"], rollback["next_price"]) == (0, 50_000_000, 1_000_000)
    now = await game.message(sent.message.id)
    assert (now.status, now.reply, now.earlier_reply) == (MessageStatus.PAYING, None, "you said hello")
    row = await transactions.get(game.database, sent.outgoing.signature)
    assert row is not None
    assert row.status is TransactionStatus.PENDING
    await confirm(game, sent.outgoing)
    again = await game.message_becomes(sent.message.id, MessageStatus.JUDGED)
    assert (again.reply, again.solved) == ("you said hello", False)
    assert brain.asked == ["hello"]
    assert (await frames.until("reply"))["reply"] == "you said hello"


async def test_what_makes_no_sense_on_a_branch_that_may_be_abandoned_halts_nobody(
    brain: ScriptedBrain, game: Game
) -> None:
    """The feed brings an event of the new branch before the bot has learnt that its own was abandoned."""
    bot = await opened(game)
    one, two = await game.player(bot), await game.player(bot)
    first = await say(game, one, "first")
    quote, second = await game.send(two, "second")
    game.chain.down = True  # nobody can be asked about the fork
    game.chain.fork()
    overtaking = game.chain.land(second.transaction)
    overtaken = game.chain.land(first.outgoing.transaction)
    with pytest.raises(Problem) as refused:
        await game.hear(bot.id, overtaken.events[0])  # paid once more, as it seems
    assert refused.value.code == "chain_unavailable"
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    game.chain.down = False

    async def noticed() -> bool:
        return (await game.bot(bot.id)).event_seq == 1

    await eventually(noticed)
    for landing in (overtaking, overtaken):
        await game.hear(bot.id, landing.events[0])
    assert (await game.message_becomes(quote.message_id, MessageStatus.JUDGED)).message_index == 1
    assert (await game.message_becomes(first.message.id, MessageStatus.JUDGED)).message_index == 2


async def solution_of(game: Game, bot: Bot) -> solutions.Solution:
    solution = await solutions.get(game.database, bot.id)
    assert solution is not None
    return solution


async def test_after_a_fork_the_new_order_counts(brain: ScriptedBrain, game: Game) -> None:
    """Two know the answer; the one who was first before the fork is second after it."""
    bot = await opened(game)
    one, two = await game.player(bot), await game.player(bot)
    quote, slower = await game.send(two, "sesame")
    first = await say(game, one, "sesame")
    await confirm(game, slower)
    await game.message_becomes(quote.message_id, MessageStatus.REFUNDING)
    assert (await solution_of(game, bot)).winner == one.address
    await fork(game, bot)
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    assert await solutions.get(game.database, bot.id) is None
    await confirm(game, slower)
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    assert (await solution_of(game, bot)).winner == two.address
    await confirm(game, first.outgoing)
    refund = await game.message_becomes(first.message.id, MessageStatus.REFUNDING)
    assert (refund.refund_reason, refund.message_index) == ("late", 2)
    await game.all_is_final(bot.id)
    before = game.chain.lamports(one.wallet)
    for outgoing in (slower, first.outgoing):
        await game.router.ended(Landed(outgoing, game.chain.height))
    await game.settle(TransactionKind.SETTLE, TransactionKind.REFUND, TransactionKind.CLOSE)
    assert game.chain.lamports(one.wallet) == before + first.message.amount


async def test_no_money_moves_on_what_can_still_be_taken_back(brain: ScriptedBrain, game: Game) -> None:
    bot = await opened(game)
    player = await game.player(bot)
    await say(game, player, "sesame")
    await eventually(
        lambda: "final" in game.system.info(f"/game/settlements/{bot.id}").details.get("waiting_for", "")
    )
    assert not game.outbox.untaken(TransactionKind.SETTLE)
    game.chain.release_finality()
    await game.outbox.take(TransactionKind.SETTLE)


async def test_a_payment_that_never_lands_again_is_dead_and_the_player_may_pay_again(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await opened(game)
    player = await game.player(bot)
    frames = await game.frames(player)
    sent = await say(game, player, "hello")
    await fork(game, bot)
    await game.expire(sent.outgoing)
    assert (await frames.until("payment", status="expired"))["id"] == str(sent.message.client_id)
    quote = await game.quote(player, "hello", sent.message.client_id)
    await game.pay(player, quote)
    again = await game.outbox.take(TransactionKind.FEE)
    assert again.signature != sent.outgoing.signature
    await confirm(game, again)
    await game.message_becomes(sent.message.id, MessageStatus.JUDGED)
    assert (await game.bot(bot.id)).judged_count == 1


async def test_what_the_brain_is_at_when_the_fork_comes_is_thought_about_again(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await opened(game)
    player = await game.player(bot)
    release = brain.gate("slow")
    sent = await pay(game, player, "slow")
    await brain.wait_until_asked("slow")
    await fork(game, bot)
    release.set()
    await confirm(game, sent.outgoing)
    await game.message_becomes(sent.message.id, MessageStatus.JUDGED)
    assert brain.asked == ["slow", "slow"]
    assert game.system.info(f"/game/bots/{bot.id}").restarts == 0


async def test_only_what_came_after_the_last_common_event_is_undone(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    kept = await game.say(player, "kept")
    await game.message_becomes(kept.id, MessageStatus.JUDGED)
    await game.all_is_final(bot.id)
    game.chain.hold_finality()
    undone = await say(game, player, "undone")
    await fork(game, bot)
    assert (await game.message(kept.id)).status is MessageStatus.JUDGED
    assert (await game.message(undone.message.id)).status is MessageStatus.PAYING
    now = await game.bot(bot.id)
    assert (now.message_count, now.judged_count, now.event_seq) == (1, 1, 2)
    assert (await game.bot_ref(bot.id).ask(PriceMessage())).amount == 1_100_000
    assert game.feed.after[bot.id] == 2, "the feed tells everything after it once more"


async def test_a_creation_that_was_taken_back_may_land_again(brain: ScriptedBrain, game: Game) -> None:
    game.chain.hold_finality()
    bot = await game.open_bot()
    [creation] = await transactions.of_bot(game.database, bot.id, kind=TransactionKind.CREATE)
    await fork(game, bot)
    assert (await game.bot(bot.id)).status is BotStatus.OPENING
    landing = game.chain.land(creation.raw)
    for event in landing.events:
        await game.hear(bot.id, event)
    assert (await game.bot(bot.id)).status is BotStatus.OPEN
    player = await game.player(bot)
    await say(game, player, "hello")


@pytest.mark.parametrize("point", ["crash_before", "crash_after"])
async def test_a_crash_while_it_is_undone_changes_nothing(
    brain: ScriptedBrain, game: Game, point: str
) -> None:
    bot = await opened(game)
    player = await game.player(bot)
    sent = await say(game, player, "hello")
    setattr(game.journal, point, "messages.payments_taken_back")
    await fork(game, bot)
    await eventually(lambda: game.system.info(f"/game/bots/{bot.id}").restarts == 1)
    await eventually(lambda: game.system.info(f"/game/bots/{bot.id}").state == "running")
    await confirm(game, sent.outgoing)
    await game.message_becomes(sent.message.id, MessageStatus.JUDGED)
    assert brain.asked == ["hello"]
    rows = await messages.of_session(game.database, sent.message.session_id)
    assert len(rows) == 1


async def test_a_fork_while_the_server_is_down_is_found_at_the_next_start(
    brain: ScriptedBrain, world: World
) -> None:
    async with world.running() as game:
        bot = await opened(game)
        player = await game.player(bot)
        sent = await say(game, player, "hello")
    world.chain.fork()
    async with world.running() as game:
        await game.bot_ref(bot.id).ask(PriceMessage())

        async def noticed() -> bool:
            return (await game.bot(bot.id)).event_seq == 1

        await eventually(noticed)
        assert (await game.message(sent.message.id)).status is MessageStatus.PAYING
        resent = await game.outbox.take(TransactionKind.FEE)
        assert resent.signature == sent.outgoing.signature
