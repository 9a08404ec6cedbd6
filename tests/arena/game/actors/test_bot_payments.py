"""From a price to a message that is paid."""

from __future__ import annotations

from dataclasses import replace

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.events import MessageFeeRecorded
from arena.chain.instructions import refund_message_fee
from arena.chain.own_transactions import own_transaction
from arena.chain.submitter import Expired, Failed, TransactionKind
from arena.game import paying, submission
from arena.game.messages import PaymentState, PriceMessage
from arena.ids import new_id
from arena.problems import Problem
from arena.store import events, messages, transactions
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from arena.store.transactions import TransactionStatus
from tests.fixtures.game import Game, ScriptedBrain, World, eventually


async def refusal(game: Game, *args: object) -> Problem:
    with pytest.raises(Problem) as refused:
        await game.send(*args)  # type: ignore[arg-type]
    return refused.value


async def test_the_price_grows_with_every_message_that_the_chain_counted(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    prices = []
    for text in ("one", "two", "three"):
        prices.append((await game.bot_ref(bot.id).ask(PriceMessage())).amount)
        await game.say(player, text)
    assert prices == [1_000_000, 1_100_000, 1_210_000]


async def test_a_payment_is_committed_before_anybody_can_send_it(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    await game.all_is_final(bot.id)
    quote, outgoing = await game.send(player, "hello")
    last = game.happened[-5:]
    assert last[-1] == "submit fee"
    assert set(last[:-1]) == {
        "commit messages.accept",
        "commit transactions.insert",
        "commit events.append",
        "commit bots.mirror",
    }
    row = await transactions.get(game.database, outgoing.signature)
    assert row is not None
    assert (row.raw, row.status, row.message_id) == (
        outgoing.transaction,
        TransactionStatus.PENDING,
        quote.message_id,
    )


async def test_a_crash_between_commit_and_sending_loses_nothing(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "hello")
    game.journal.crash_after = "messages.accept"
    with pytest.raises(Exception, match="crashed"):
        await game.pay(player, quote)
    # what the client does: it pays again, and hears that it has paid
    assert await game.pay(player, quote) == PaymentState(quote.client_id, MessageStatus.PAYING)
    await game.land(await game.outbox.take(TransactionKind.FEE))
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    assert game.outbox.untaken(TransactionKind.FEE) == []


async def test_a_crash_before_the_commit_leaves_nothing_and_nothing_was_sent(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "hello")
    game.journal.crash_before = "messages.accept"
    with pytest.raises(Exception, match="crashed"):
        await game.pay(player, quote)
    assert await messages.get(game.database, quote.message_id) is None
    assert game.outbox.untaken(TransactionKind.FEE) == []
    # the quote is lost with the session; a new one costs nothing
    await game.say(player, "hello")


async def test_paying_twice_is_paying_once(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote, outgoing = await game.send(player, "hello")
    assert (await game.pay(player, quote)).status is MessageStatus.PAYING
    await game.land(outgoing)
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    assert (await game.pay(player, quote)).status is MessageStatus.JUDGED
    assert len([sent for sent in game.outbox.all if sent.kind is TransactionKind.FEE]) == 1


async def test_a_session_has_few_payments_under_way(game: Game) -> None:
    bot = await game.open_bot()
    player, other = await game.player(bot), await game.player(bot)
    for number in range(paying.MAX_PAYING_PER_SESSION):
        await game.send(player, f"message {number}")
    refused = await refusal(game, player, "one too many")
    assert (refused.code, refused.status) == ("too_many_payments", 429)
    await game.send(other, "but another may")


async def test_payments_that_are_not_on_the_chain_keep_nobody_out(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost nothing, so a stranger with many wallets could have as many under way as a bot would take."""
    monkeypatch.setattr(paying, "MAX_UNJUDGED", 3)
    bot = await game.open_bot()
    for number in range(5):
        await game.send(await game.player(bot), f"never lands {number}")
    sent = await game.say(await game.player(bot), "an honest one")
    await game.message_becomes(sent.id, MessageStatus.JUDGED)


async def test_a_wallet_that_cannot_pay_is_told_before_anything_is_sent(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    poor = Keypair()
    player = await game.player(bot, poor, lamports=1_009_999)
    refused = await refusal(game, player, "hello")
    assert (refused.code, refused.status) == ("funds_insufficient", 402)
    assert refused.extra == {"balance": 1_009_999, "needed": 1_010_000}
    assert not game.outbox.untaken(TransactionKind.FEE)
    game.chain.give(poor.pubkey(), 1)
    await game.send(player, "hello")


async def test_a_wallet_that_would_be_left_with_too_little_to_exist_is_told_before_anything_is_sent(
    brain: ScriptedBrain, game: Game
) -> None:
    """The network would refuse it, again and again until the quote is over."""
    bot = await game.open_bot()
    player = await game.player(bot, lamports=1_010_001)
    refused = await refusal(game, player, "hello")
    assert (refused.code, refused.status) == ("funds_below_rent", 402)
    assert refused.extra == {"balance": 1_010_001, "needed": 1_010_000, "least": 890_880}
    assert not game.outbox.untaken(TransactionKind.FEE)
    assert (await game.say(await game.player(bot, lamports=1_010_000), "all of it")).message_index == 1
    assert (
        await game.say(await game.player(bot, lamports=1_100_000 + 10_000 + 890_880), "just enough")
    ).message_index


async def test_a_wallet_that_spends_its_money_elsewhere_meanwhile_hears_what_is_missing(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    quote, outgoing = await game.send(player, "hello")
    game.chain.svm.set_account(player.wallet.pubkey(), Account(600_000, b"", Pubkey.default()))
    await game.land(outgoing)
    frame = await frames.until("payment", status="failed")
    assert frame["code"] == "funds_insufficient"
    assert frame["detail"].startswith("The wallet holds less than this costs.")
    assert (await game.message(quote.message_id)).status is MessageStatus.DEAD


async def test_a_payment_that_never_landed_for_want_of_money_says_so(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    _, outgoing = await game.send(player, "hello")
    await game.expire(outgoing, "AccountNotFound")
    frame = await frames.until("payment", status="expired")
    assert (frame["code"], "AccountNotFound" in frame["detail"]) == ("funds_insufficient", True)


async def test_room_is_kept_for_what_the_arena_owes(game: Game) -> None:
    bot = await game.open_bot()
    game.outbox.has_room_for_payments = False
    assert (await refusal(game, await game.player(bot), "hello")).code == "too_many_payments"
    game.outbox.has_room_for_payments = True
    await game.send(await game.player(bot), "hello")


async def test_a_bot_has_a_limit_of_paid_messages_that_it_has_not_judged(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow brain must not gather work without end."""
    monkeypatch.setattr(paying, "MAX_UNJUDGED", 3)
    bot = await game.open_bot()
    release = brain.gate("slow")
    await game.say(await game.player(bot), "slow")
    for text in ("waits", "waits, too"):
        await game.say(await game.player(bot), text)
    assert (await refusal(game, await game.player(bot), "one too many")).code == "too_many_payments"
    release.set()

    async def has_room() -> bool:
        return (await game.bot(bot.id)).judged_count == 3

    await eventually(has_room)
    await game.send(await game.player(bot), "fits again")


async def test_what_landed_is_paid_with_the_books_of_the_chain(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    brain.gate("hello")
    player = await game.player(bot)
    frames = await game.frames(player)
    message = await game.say(player, "hello")
    assert (message.status, message.message_index, message.pot_share) == (MessageStatus.PAID, 1, 800_000)
    now = await game.bot(bot.id)
    account = game.chain.bot(bot.address)
    assert account is not None
    assert (now.pot, now.message_count, now.event_seq) == (
        account.pot,
        account.message_count,
        account.event_seq,
    )
    assert now.pot == 50_800_000
    assert (await frames.until("payment"))["status"] == "accepted"
    assert (await frames.until("payment"))["status"] == "confirmed"
    assert (await frames.until("pot"))["pot"] == 50_800_000


async def test_an_event_that_is_told_twice_counts_once(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    _, outgoing = await game.send(player, "hello")
    landing = await game.land(outgoing)
    before = await game.bot(bot.id)
    [event] = landing.events
    await game.hear(bot.id, event)
    await game.end(outgoing, landing)
    after = await game.bot(bot.id)
    assert (after.pot, after.message_count, after.event_seq) == (
        before.pot,
        before.message_count,
        before.event_seq,
    )
    await eventually(lambda: brain.asked == ["hello"])


async def test_an_event_that_is_ahead_of_its_turn_waits_for_the_ones_before(
    brain: ScriptedBrain, game: Game
) -> None:
    """The feed does not do this; a message passed over would never be judged nor paid back."""
    bot = await game.open_bot()
    player = await game.player(bot)
    sent = [(await game.send(player, text))[1] for text in ("one", "two")]
    first, second = (game.chain.land(outgoing.transaction).events[0] for outgoing in sent)
    game.feed.after[bot.id] = 99
    await game.hear(bot.id, second)
    assert (await game.bot(bot.id)).message_count == 0
    assert game.feed.after[bot.id] == 1, "the feed is to start again after what is known"
    await game.hear(bot.id, first)
    await game.hear(bot.id, second)

    async def both_judged() -> bool:
        return (await game.bot(bot.id)).judged_count == 2

    await eventually(both_judged)
    await eventually(lambda: brain.asked == ["one", "two"])


async def test_a_payment_that_died_can_be_made_again_under_the_same_id(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    first, outgoing = await game.send(player, "hello")
    await game.expire(outgoing)
    frame = await frames.until("payment", status="expired")
    assert (frame["id"], frame["code"]) == (str(first.client_id), "transaction_expired")
    assert "Nothing was paid" in frame["detail"]
    assert (await game.message(first.message_id)).status is MessageStatus.DEAD
    second = await game.quote(player, "hello", first.client_id)
    assert second.message_id == first.message_id
    await game.pay(player, second)
    again = await game.outbox.take(TransactionKind.FEE)
    await game.router.ended(Expired(outgoing))  # the first one's end is told again
    assert (await game.message(first.message_id)).status is MessageStatus.PAYING
    await game.land(again)
    await game.message_becomes(first.message_id, MessageStatus.JUDGED)
    assert game.system.info(f"/game/bots/{bot.id}").failed == 0


async def test_a_payment_that_the_program_refused_says_why(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    _, outgoing = await game.send(player, "hello")
    game.chain.offset += 100  # past the quote's end
    landing = await game.land(outgoing)
    assert landing.error is not None
    frame = await frames.until("payment", status="failed")
    assert frame["code"] == "quote_expired"
    assert frame["detail"] == (
        "The payment reached the chain after its quote had expired. Send the message again and sign sooner. "
        "The chain says: QuoteExpired."
    )
    await game.router.ended(Failed(outgoing, landing.slot, landing.error))


async def test_a_payment_that_nobody_knows_halts_the_bot(
    brain: ScriptedBrain, game: Game, caplog: pytest.LogCaptureFixture
) -> None:
    """A fee that we did not co-sign: lost data or a stolen key. Not even a winner is named any more."""
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    release = brain.gate("sesame")
    message = await game.say(player, "sesame")
    _, outgoing = await game.send(player, "hello")
    [event] = game.chain.land(outgoing.transaction).events
    assert isinstance(event.event, MessageFeeRecorded)
    forged = replace(event, event=replace(event.event, message_id=new_id()))
    await game.all_is_final(bot.id)  # before, it could be of another branch of the chain
    await game.hear(bot.id, forged)
    assert (await frames.until("settlement"))["status"] == "halted"
    release.set()
    await brain.wait_until_asked("sesame")
    for _ in range(3):  # the verdict is in the mailbox before these, or never
        with pytest.raises(Problem) as refused:
            await game.quote(player, "more")
        assert refused.value.extra == {"bot_status": "halted"}
    assert (await game.bot(bot.id)).status is BotStatus.HALTED
    assert (await game.message(message.id)).status is MessageStatus.PAID
    assert game.outbox.untaken(TransactionKind.SETTLE) == []


async def test_a_refund_that_nobody_owes_halts_the_bot(brain: ScriptedBrain, game: Game) -> None:
    """Signed with a stolen payout key: the program lets it through, the rows do not know of it."""
    bot = await game.open_bot()
    player = await game.player(bot)
    frames = await game.frames(player)
    message = await game.say(player, "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    services = game.services
    stolen = own_transaction(
        [
            refund_message_fee(
                services.program_id,
                bot=Pubkey.from_string(bot.address),
                payout_key=services.keys.payout_pubkey,
                player=player.wallet.pubkey(),
                message_index=1,
                amount=message.amount,
            )
        ],
        services.keys.payout,
        await game.chain.latest_blockhash(),
    )
    landing = game.chain.land(stolen.transaction)
    assert landing.error is None
    await game.all_is_final(bot.id)
    for event in landing.events:
        await game.hear(bot.id, event)
    assert (await frames.until("settlement"))["status"] == "halted"
    assert game.system.info(f"/game/bots/{bot.id}").restarts == 0
    assert (await game.message(message.id)).status is MessageStatus.JUDGED


async def test_a_bot_near_its_end_takes_no_payment(game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    game.chain.offset = bot.closes_at.timestamp() - game.chain.now()
    assert (await refusal(game, player, "too late")).code == "bot_ends_soon"


async def test_payments_go_on_after_a_restart_of_the_server(brain: ScriptedBrain, world: World) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        player = await game.player(bot)
        quote, outgoing = await game.send(player, "hello")
    async with world.running() as game:
        again = await game.outbox.take(TransactionKind.FEE)
        assert again == outgoing
        assert game.feed.after == {bot.id: 1}
        await game.land(again)
        await game.message_becomes(quote.message_id, MessageStatus.JUDGED)


async def test_what_landed_while_the_server_was_down_is_taken_in(brain: ScriptedBrain, world: World) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        quote, outgoing = await game.send(await game.player(bot), "hello")
    landing = world.chain.land(outgoing.transaction)
    async with world.running() as game:
        await game.outbox.take(TransactionKind.FEE)
        await game.hear(bot.id, landing.events[0])
        await game.end(outgoing, landing)
        await game.message_becomes(quote.message_id, MessageStatus.JUDGED)


async def test_an_activation_that_another_one_has_overtaken_loses_with_everything(
    brain: ScriptedBrain, game: Game
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "hello")
    await game.all_is_final(bot.id)  # nothing else is to be written, and to lose
    await game.database.execute("update actor_snapshots set version = version + 1 where id = $1", str(bot.id))
    with pytest.raises(Exception, match="crashed"):
        await game.pay(player, quote)
    assert await messages.get(game.database, quote.message_id) is None
    assert game.outbox.untaken(TransactionKind.FEE) == []
    await game.say(player, "hello")  # it has started anew from what is stored


async def test_a_full_submitter_delays_a_payment_and_nothing_else(
    brain: ScriptedBrain, game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "PAUSE", 0.02)
    bot = await game.open_bot()
    player = await game.player(bot)
    game.outbox.full = True
    quote = await game.quote(player, "hello")
    assert (await game.pay(player, quote)).status is MessageStatus.PAYING
    assert game.outbox.untaken(TransactionKind.FEE) == []
    game.outbox.full = False
    await game.land(await game.outbox.take(TransactionKind.FEE))
    assert game.system.info(f"/game/bots/{bot.id}").failed == 0


async def test_the_log_has_no_gaps_and_keeps_a_session_to_itself(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    one, two = await game.player(bot), await game.player(bot, Keypair())
    for player in (one, two, one):
        message = await game.say(player, "hello")
        await game.message_becomes(message.id, MessageStatus.JUDGED)
    log = await events.for_session(game.database, bot.id, one.session.id, after=0)
    every = await game.database.fetch("select seq from bot_events where bot_id = $1 order by seq", bot.id)
    assert [row["seq"] for row in every] == list(range(1, (await game.bot(bot.id)).frame_seq + 1))
    assert {event.session_id for event in log} == {None, one.session.id}
