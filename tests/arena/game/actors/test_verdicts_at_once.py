"""A brain that need not think: the payment of a message and its verdict are one commit."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from actors import ActorCrashed
from arena.brains import Turn, Verdict
from arena.chain.submitter import TransactionKind
from arena.game import terms
from arena.game.messages import AttachSession, SubscribeBot
from arena.store import events, messages
from arena.store.bots import Bot, BotStatus
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, Player, ScriptedBrain, World, eventually


class QuickBrain(ScriptedBrain):
    """Says at once what `ScriptedBrain` would have to think about, unless a test lets it wait or fail."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_at_once: list[str] = []
        self.fails = False

    def at_once(self, message: str, history: Sequence[Turn], message_index: int) -> Verdict | None:
        self.asked_at_once.append(message)
        if self.fails:
            raise RuntimeError("out of wits")
        if message in self.gates:
            return None
        return Verdict(message == "sesame", f"you said {message}")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> QuickBrain:
    """All bots think with this one. Asked for before `game`."""
    brain = QuickBrain()
    monkeypatch.setattr(terms, "brain_of", lambda services, bot: brain)
    return brain


async def regular(game: Game, bot: Bot) -> Player:
    """A player whom the bot knows: what was said so far is in its memory."""
    player = await game.player(bot)
    first = await game.say(player, "good morning")
    await game.message_becomes(first.id, MessageStatus.JUDGED)
    return player


async def replies(game: Game, bot: Bot) -> list[str]:
    page = await events.public(game.database, bot.id, after=0, limit=100)
    frames = [json.loads(event.frame) for event in page]
    return [frame["reply"] for frame in frames if frame["type"] == "reply"]


async def test_payment_pot_and_verdict_are_one_commit_and_come_in_their_order(
    quick: QuickBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await regular(game, bot)
    frames = await game.frames(player)
    del game.happened[:]
    message = await game.say(player, "hello")
    assert (message.status, message.reply, message.solved) == (
        MessageStatus.JUDGED,
        "you said hello",
        False,
    ), "with the event, not after it"
    assert (message.message_index, message.pot_share, message.fee_slot) == (2, 880_000, game.chain.height)
    assert message.judged_at is not None
    commits = [name for name in game.happened if "chain_events.seen" in name or "messages." in name]
    assert commits.count("commit messages.paid_and_judged") == 1
    assert not {"commit messages.paid", "commit messages.judged"} & set(commits)
    seen = [await frames.next() for _ in range(4)]
    assert [(frame["type"], frame.get("status")) for frame in seen] == [
        ("payment", "accepted"),
        ("payment", "confirmed"),
        ("pot", None),
        ("reply", None),
    ]
    assert [frame["seq"] for frame in seen] == sorted(frame["seq"] for frame in seen)
    assert (seen[3]["reply"], seen[3]["verdict"], seen[3]["message_index"]) == (
        "you said hello",
        "unsolved",
        2,
    )
    now = await game.bot(bot.id)
    assert (now.message_count, now.judged_count, now.frame_seq) == (2, 2, seen[3]["seq"])
    assert game.services.traffic.judged == game.services.traffic.paid == 2


async def test_everybody_gets_what_came_of_a_message_in_one_piece(quick: QuickBrain, game: Game) -> None:
    bot = await game.open_bot()
    player, other = await regular(game, bot), await regular(game, bot)
    quote, outgoing = await game.send(player, "hello")
    listening = {
        "player": await game.services.session(player.session.id).ask(AttachSession()),
        "other": await game.services.session(other.session.id).ask(AttachSession()),
        "spectator": await game.bot_ref(bot.id).ask(SubscribeBot(None)),
    }
    await game.land(outgoing)
    heard = {
        who: [json.loads(published.frame)["type"] for published in subscription.receive_nowait()]
        for who, subscription in listening.items()
    }
    assert heard == {
        "player": ["payment", "pot", "reply"],
        "other": ["pot", "reply"],
        "spectator": ["pot", "reply"],
    }
    assert not any(map(len, listening.values()))
    assert (await game.message(quote.message_id)).status is MessageStatus.JUDGED


async def test_whom_the_bot_has_not_heard_yet_it_thinks_about(quick: QuickBrain, game: Game) -> None:
    """What a player said before has to be read first, and reading is waiting."""
    bot = await game.open_bot()
    player = await regular(game, bot)
    assert (quick.asked, quick.asked_at_once) == (["good morning"], [])
    await game.crash_bot(bot.id)
    message = await game.say(player, "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert quick.asked == ["good morning", "hello"]
    assert [turn.text for turn in quick.histories[1]] == ["good morning"]


async def test_what_solves_is_judged_by_itself_since_its_reward_is_counted_from_what_is_committed(
    quick: QuickBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await regular(game, bot)
    winning = await game.say(player, "sesame")
    await game.message_becomes(winning.id, MessageStatus.JUDGED)
    assert "commit messages.paid_and_judged" not in game.happened
    assert (await game.bot(bot.id)).status is BotStatus.SOLVED
    settled = await game.settle(TransactionKind.SETTLE)
    assert [event.reward for event in settled] == [50_000_000 + 800_000 + 880_000]  # type: ignore[union-attr]


async def test_nobody_is_judged_before_their_turn(quick: QuickBrain, game: Game) -> None:
    bot = await game.open_bot()
    slow, fast = await regular(game, bot), await regular(game, bot)
    release = quick.gate("slow")
    first = await game.say(slow, "slow")
    second = await game.say(fast, "hello")
    assert second.status is MessageStatus.PAID
    release.set()
    await game.message_becomes(second.id, MessageStatus.JUDGED)
    assert (await game.message(first.id)).status is MessageStatus.JUDGED
    assert "hello" not in quick.asked, "when it was its turn it needed no thought either"
    assert (await game.say(fast, "and now")).status is MessageStatus.JUDGED


async def test_a_queue_of_messages_is_judged_in_its_order_when_the_slow_one_is_done(
    quick: QuickBrain, game: Game
) -> None:
    """Each player's earlier message is part of what the next one is judged by, also in the queue."""
    bot = await game.open_bot()
    slow, one, two = [await regular(game, bot) for _ in range(3)]
    release = quick.gate("slow")
    await game.say(slow, "slow")
    waiting = [await game.say(player, text) for player, text in ((one, "a"), (two, "b"), (one, "c"))]
    winning = await game.say(two, "sesame")
    late = await game.say(one, "d")
    assert {(await game.message(message.id)).status for message in waiting} == {MessageStatus.PAID}
    release.set()
    assert (await game.message_becomes(winning.id, MessageStatus.JUDGED)).solved
    assert [(await game.message(message.id)).reply for message in waiting] == [
        "you said a",
        "you said b",
        "you said c",
    ]
    assert (await game.message_becomes(late.id, MessageStatus.REFUNDING)).refund_reason == "late"
    assert (await game.bot(bot.id)).status is BotStatus.SOLVED
    assert not {"a", "b", "c", "sesame", "d"} & set(quick.asked)


async def test_a_crash_before_the_commit_leaves_it_unpaid_until_the_chain_tells_again(
    quick: QuickBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await regular(game, bot)
    quote, outgoing = await game.send(player, "hello")
    landing = game.chain.land(outgoing.transaction)
    game.journal.crash_before = "messages.paid_and_judged"
    with pytest.raises(ActorCrashed):
        await game.hear(bot.id, landing.events[0])
    assert (await game.message(quote.message_id)).status is MessageStatus.PAYING
    assert len(await replies(game, bot)) == 1
    await game.hear(bot.id, landing.events[0])
    judged = await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    assert (judged.reply, judged.message_index) == ("you said hello", 2)
    assert len(await replies(game, bot)) == 2


async def test_a_crash_after_the_commit_judges_nothing_twice(quick: QuickBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await regular(game, bot)
    quote, outgoing = await game.send(player, "hello")
    landing = game.chain.land(outgoing.transaction)
    game.journal.crash_after = "messages.paid_and_judged"
    with pytest.raises(ActorCrashed):
        await game.hear(bot.id, landing.events[0])
    await game.hear(bot.id, landing.events[0])
    assert (await game.message(quote.message_id)).status is MessageStatus.JUDGED
    assert len(await replies(game, bot)) == 2
    assert (await game.bot(bot.id)).judged_count == 2
    after = await game.say(player, "more")
    assert (await game.message_becomes(after.id, MessageStatus.JUDGED)).message_index == 3


async def test_a_brain_that_fails_at_once_is_asked_in_peace(quick: QuickBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await regular(game, bot)
    quick.fails = True
    message = await game.say(player, "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert quick.asked[-1] == "hello"


async def test_an_arena_that_is_about_to_end_begins_no_verdict(quick: QuickBrain, world: World) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        player = await regular(game, bot)
        _, outgoing = await game.send(player, "hello")
        game.services.winding_down.begin()
        await game.land(outgoing)
        [unjudged] = await messages.all_unjudged(game.database, bot.id)
    async with world.running() as game:
        await game.message_becomes(unjudged.id, MessageStatus.JUDGED)


async def test_a_verdict_that_was_taken_back_with_its_payment_is_given_again(
    quick: QuickBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await regular(game, bot)
    await game.all_is_final(bot.id)
    game.chain.hold_finality()
    _, outgoing = await game.send(player, "hello")
    landing = game.chain.land(outgoing.transaction)
    await game.hear(bot.id, landing.events[0])
    [judged] = await messages.after_index(game.database, bot.id, 1)
    assert judged.status is MessageStatus.JUDGED
    game.chain.fork()

    async def undone() -> bool:
        return (await game.message(judged.id)).status is MessageStatus.PAYING

    await eventually(undone)
    asked = list(quick.asked_at_once)
    await game.hear(bot.id, game.chain.land(outgoing.transaction).events[0])
    again = await game.message_becomes(judged.id, MessageStatus.JUDGED)
    assert (again.reply, again.message_index) == ("you said hello", 2)
    assert quick.asked_at_once == asked, "it has said it already"
