"""A session's quotes and payments."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
import trio.testing
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.chain.client import Blockhash
from arena.chain.instructions import record_message_fee
from arena.chain.own_transactions import own_transaction
from arena.chain.submitter import TransactionKind
from arena.game.messages import Pay, PaymentState, Quote, RequestQuote
from arena.game.session import MAX_QUOTES
from arena.game.signing import sign_first
from arena.ids import new_id
from arena.problems import Problem
from arena.store import messages
from arena.store.messages import MessageStatus, content_hash
from tests.fixtures.game import Game, Player, ScriptedBrain


async def refused(game: Game, player: Player, message: RequestQuote | Pay) -> Problem:
    with pytest.raises(Problem) as refusal:
        await game.services.session(player.session.id).ask(message)
    return refusal.value


async def test_a_quote_repeated_is_the_same_quote(game: Game) -> None:
    player = await game.player(await game.open_bot())
    first = await game.quote(player, "hello")
    assert await game.quote(player, " hello ", first.client_id) == first


async def test_a_quote_is_locked_while_the_price_moves(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player, other = await game.player(bot), await game.player(bot)
    quote = await game.quote(player, "hello")
    await game.say(other, "me first")
    assert await game.quote(player, "hello", quote.client_id) == quote
    await game.pay(player, quote)
    landing = await game.land(await game.outbox.take(TransactionKind.FEE))
    assert landing.error is None
    assert (await game.message(quote.message_id)).amount == 1_000_000


async def test_an_id_belongs_to_one_text(game: Game) -> None:
    player = await game.player(await game.open_bot())
    quote = await game.quote(player, "hello")
    problem = await refused(game, player, RequestQuote(quote.client_id, "something else"))
    assert problem.code == "message_id_reused"


async def test_an_id_whose_payment_died_still_belongs_to_its_text(game: Game) -> None:
    player = await game.player(await game.open_bot())
    quote, outgoing = await game.send(player, "hello")
    await game.expire(outgoing)
    problem = await refused(game, player, RequestQuote(quote.client_id, "something else"))
    assert problem.code == "message_id_reused"


@pytest.mark.parametrize("text", ["", "   ", "a\0b", "x" * 2_001])
async def test_what_is_no_message_has_no_price(game: Game, text: str) -> None:
    player = await game.player(await game.open_bot())
    assert (await refused(game, player, RequestQuote(new_id(), text))).code == "text_invalid"


async def test_nothing_can_be_paid_without_a_quote(game: Game) -> None:
    player = await game.player(await game.open_bot())
    assert (await refused(game, player, Pay(new_id(), b"signed"))).code == "quote_unknown"


async def test_an_expired_quote_cannot_be_paid_and_a_new_one_can(brain: ScriptedBrain, game: Game) -> None:
    player = await game.player(await game.open_bot())
    old = await game.quote(player, "hello")
    game.chain.offset += 61
    signed = Pay(old.client_id, sign_first(old.transaction, player.wallet))
    assert (await refused(game, player, signed)).code == "quote_expired"
    assert game.outbox.untaken(TransactionKind.FEE) == []
    new = await game.quote(player, "hello", old.client_id)
    assert new.valid_until > old.valid_until
    await game.pay(player, new)
    landing = await game.land(await game.outbox.take(TransactionKind.FEE))
    assert landing.error is None


def altered(game: Game, player: Player, quote: Quote, address: str, **changes: object) -> bytes:
    """A transaction of the player that pays something else than was quoted."""
    quoted = VersionedTransaction.from_bytes(quote.transaction).message
    terms: dict[str, object] = {
        "bot": Pubkey.from_string(address),
        "player": player.wallet.pubkey(),
        "quote_key": game.services.keys.quote_pubkey,
        "message_id": quote.message_id,
        "content_hash": content_hash(quote.message_id, "hello"),
        "amount": quote.amount,
        "valid_until": quote.valid_until,
    }
    instruction = record_message_fee(game.services.program_id, **(terms | changes))  # type: ignore[arg-type]
    signed = own_transaction(
        [instruction],
        player.wallet,
        Blockhash(quoted.recent_blockhash, 0),
        cosigners=[game.services.keys.quote],
    )
    return signed.transaction


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 890_880}, "amount_mismatch"),
        ({"content_hash": content_hash(new_id(), "hello")}, "content_hash_mismatch"),
        ({"message_id": new_id()}, "message_mismatch"),
        ({"valid_until": 2_000_000_000}, "valid_until_mismatch"),
        ({"bot": Keypair().pubkey()}, "bot_mismatch"),
    ],
)
async def test_an_altered_payment_is_refused_with_what_is_wrong(
    game: Game, changes: dict[str, object], code: str
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "hello")
    wrong = altered(game, player, quote, bot.address, **changes)
    problem = await refused(game, player, Pay(quote.client_id, wrong))
    assert (problem.code, problem.status) == (code, 422)
    assert await messages.get(game.database, quote.message_id) is None
    assert (await game.pay(player, quote)).status is MessageStatus.PAYING, "the quote still stands"


async def test_an_unsigned_payment_is_refused(game: Game) -> None:
    player = await game.player(await game.open_bot())
    quote = await game.quote(player, "hello")
    problem = await refused(game, player, Pay(quote.client_id, quote.transaction))
    assert problem.status == 422


async def test_a_quote_is_for_its_own_player(game: Game) -> None:
    bot = await game.open_bot()
    player, thief = await game.player(bot), await game.player(bot)
    quote = await game.quote(player, "hello")
    signed = sign_first(quote.transaction, player.wallet)
    assert (await refused(game, thief, Pay(quote.client_id, signed))).code == "quote_unknown"


async def test_a_message_that_is_paid_for_has_no_further_price(brain: ScriptedBrain, game: Game) -> None:
    player = await game.player(await game.open_bot())
    quote, _ = await game.send(player, "hello")
    problem = await refused(game, player, RequestQuote(quote.client_id, "hello"))
    assert problem.code == "message_already_paid"
    assert problem.extra == {"message_status": "paying"}


async def test_open_quotes_have_a_limit_and_the_oldest_gives_way(game: Game) -> None:
    player = await game.player(await game.open_bot())
    quotes = [await game.quote(player, f"message {number}") for number in range(MAX_QUOTES + 1)]
    signed = Pay(quotes[0].client_id, sign_first(quotes[0].transaction, player.wallet))
    assert (await refused(game, player, signed)).code == "quote_unknown"
    await game.pay(player, quotes[-1])


async def test_a_restarted_session_has_lost_its_quotes_and_nothing_that_was_paid(
    brain: ScriptedBrain, game: Game
) -> None:
    player = await game.player(await game.open_bot())
    paid, _ = await game.send(player, "paid")
    quote = await game.quote(player, "quoted")
    game.system.restart(f"/game/sessions/{player.session.id}")
    assert await game.pay(player, paid) == PaymentState(paid.client_id, MessageStatus.PAYING)
    signed = Pay(quote.client_id, sign_first(quote.transaction, player.wallet))
    assert (await refused(game, player, signed)).code == "quote_unknown"
    again = await game.quote(player, "quoted", quote.client_id)
    assert again.message_id != quote.message_id
    await game.pay(player, again)


async def test_two_quotes_for_one_id_cannot_both_be_paid(brain: ScriptedBrain, game: Game) -> None:
    """The first quote's payment comes after the second quote was given."""
    player = await game.player(await game.open_bot())
    first = await game.quote(player, "hello")
    game.chain.offset += 61
    second = await game.quote(player, "hello", first.client_id)
    stale = Pay(first.client_id, sign_first(first.transaction, player.wallet))
    assert (await refused(game, player, stale)).status == 422
    await game.pay(player, second)
    assert (await game.pay(player, replace(first, transaction=second.transaction))).status is (
        MessageStatus.PAYING
    )
    assert len([sent for sent in game.outbox.all if sent.kind is TransactionKind.FEE]) == 1


async def test_what_a_player_says_next_does_not_wait_for_his_payment(
    brain: ScriptedBrain, game: Game, nursery: trio.Nursery
) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    first = await game.quote(player, "hello")
    game.journal.held["messages.accept"] = gate = trio.Event()
    nursery.start_soon(game.pay, player, first)
    second = await game.quote(player, "and you?")
    assert second.message_id != first.message_id
    assert not game.outbox.untaken(TransactionKind.FEE)
    gate.set()
    assert (await game.pay(player, second)).status is MessageStatus.PAYING
    assert len(game.outbox.untaken(TransactionKind.FEE)) == 2


async def test_a_second_click_while_the_first_is_being_committed_pays_once(
    brain: ScriptedBrain, game: Game
) -> None:
    player = await game.player(await game.open_bot())
    quote = await game.quote(player, "hello")
    game.journal.held["messages.accept"] = gate = trio.Event()
    states: list[PaymentState] = []

    async def click() -> None:
        states.append(await game.pay(player, quote))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(click)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert not states
        gate.set()
    assert states == [PaymentState(quote.client_id, MessageStatus.PAYING)] * 3
    assert len(game.outbox.untaken(TransactionKind.FEE)) == 1
    assert game.happened.count("commit messages.accept") == 1
    await game.land(await game.outbox.take(TransactionKind.FEE))
    await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    assert (await game.pay(player, quote)).status is MessageStatus.JUDGED


async def test_a_payment_that_the_bot_refuses_costs_nothing_and_can_be_made_again(
    brain: ScriptedBrain, game: Game
) -> None:
    player = await game.player(await game.open_bot(), lamports=3_000_000)  # enough for two
    quote = await game.quote(player, "hello")
    game.outbox.has_room_for_payments = False
    for _ in range(3):
        with pytest.raises(Problem) as refusal:
            await game.pay(player, quote)
        assert refusal.value.code == "too_many_payments"
    game.outbox.has_room_for_payments = True
    assert (await game.pay(player, quote)).status is MessageStatus.PAYING


async def test_a_session_that_nobody_knows_is_not_found(game: Game) -> None:
    with pytest.raises(Problem) as refusal:
        await game.services.session(new_id()).ask(RequestQuote(new_id(), "hello"))
    assert refusal.value.status == 404


async def test_an_outage_of_the_chain_is_said_and_loses_no_quote(game: Game) -> None:
    player = await game.player(await game.open_bot())
    quote = await game.quote(player, "hello")
    game.chain.down = True
    problem = await refused(game, player, RequestQuote(new_id(), "more"))
    assert problem.status == 503
    await game.pay(player, quote)
