"""A bot's life told again: what the program did is right, and whatever else is said is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.audit.account import check_account, holdings
from arena.audit.differences import Kind
from arena.chain.accounts import ExpiryRule
from arena.chain.events import BotClosed, CloseReason, MessageFeeRecorded, MessageFeeRefunded, RewardSettled
from arena.chain.tracked_bot import ChainEvent
from tests.arena.audit.lives import Life, expired_life, signature, solved_life
from tests.arena.chain.program.conftest import WALLET_MINIMUM

DAY = 86_400
STRANGER = Pubkey.new_unique()


def kinds(life: Life, history: list[ChainEvent] | None = None) -> set[Kind]:
    return {difference.kind for difference in life.ledger(history).differences}


# -- what the program did is right


def test_a_solved_life_has_no_difference() -> None:
    life = solved_life()
    ledger = life.ledger()
    assert ledger.differences == []
    assert check_account(ledger, life.account, life.lamports) == []
    assert (len(ledger.fees), len(ledger.refunds), ledger.event_seq) == (4, 2, 9)


@pytest.mark.parametrize("rule", ExpiryRule)
def test_an_expired_life_has_no_difference_by_either_rule(rule: ExpiryRule) -> None:
    assert expired_life(expiry_rule=rule).ledger().differences == []


def test_an_unplayed_bot_gives_everything_back_to_its_creator() -> None:
    life = Life()
    life.world.set_time(life.terms.closes_at)
    life.close()
    ledger = life.ledger()
    assert ledger.differences == []
    assert [moved.net for moved in ledger.wallets.values()] == [0]


def test_a_life_with_rotated_keys_has_no_difference() -> None:
    life = Life()
    life.pay(life.world.alice)
    life.rotate()
    life.pay(life.world.bob)
    life.settle(life.world.bob, 2)
    assert life.ledger().differences == []
    life.close()
    assert life.ledger().differences == []


def test_an_abandoned_solved_bot_pays_what_is_left_in_the_pot_to_the_winner() -> None:
    life = Life()
    life.pay(life.world.alice)
    life.pay(life.world.bob)
    life.settle(life.world.alice, 1)
    life.world.set_time(life.terms.closes_at + 7 * DAY)
    closed = life.close(life.world.stranger)
    assert closed.reason is CloseReason.ABANDONED
    assert life.ledger().differences == []


def test_what_a_wallet_cannot_hold_is_forfeited_and_no_difference() -> None:
    life = Life(pot_bps=9_999, creator_bps=0)
    life.pay(life.world.alice)
    life.world.empty(life.world.platform)
    life.world.set_time(life.terms.closes_at + 7 * DAY)
    closed = life.close(life.world.stranger)
    assert 0 < closed.forfeited < WALLET_MINIMUM
    assert life.ledger().differences == []


def test_an_earlier_price_that_a_quote_has_kept_is_no_difference_but_counted() -> None:
    life = Life()
    life.pay(life.world.alice)
    life.pay(life.world.bob, life.fees.price(0))
    ledger = life.ledger()
    assert (ledger.differences, ledger.quoted) == ([], 1)


def test_a_later_price_that_was_quoted_before_a_fork_is_no_difference_but_counted() -> None:
    """Quoted after three messages, of which a fork took back two: it is the second now, at the fourth's price."""
    life = Life(fee_growth_bps=500)
    life.pay(life.world.alice)
    life.pay(life.world.bob, life.fees.price(3))
    ledger = life.ledger()
    assert (ledger.differences, ledger.quoted) == ([], 1)


def test_a_price_that_is_none_of_the_terms_is_a_difference() -> None:
    life = Life(fee_growth_bps=500)
    life.pay(life.world.alice)
    life.pay(life.world.bob, life.fees.price(3) + 1)
    [difference] = life.ledger().differences
    assert (difference.kind, difference.about) == (Kind.PRICE, "message 2")


def test_the_order_in_which_a_node_tells_does_not_matter() -> None:
    life = solved_life()
    assert life.ledger(life.history[::-1]).differences == []


MOVES = st.lists(st.sampled_from(["alice", "bob", "refund"]), max_size=8)


@settings(max_examples=25)
@given(moves=MOVES, solve=st.booleans(), rule=st.sampled_from(ExpiryRule), dust=st.integers(0, 10_000))
def test_every_life_has_no_difference_and_every_lamport_a_place(
    moves: list[str], solve: bool, rule: ExpiryRule, dust: int
) -> None:
    life = Life(expiry_rule=rule, fee_growth_bps=500)
    world, refunded = life.world, []
    players: list[Keypair] = []
    for move in moves:
        if move != "refund":
            players.append(world.alice if move == "alice" else world.bob)
            life.pay(players[-1])
        elif len(players) > (refunded[-1] if refunded else 0):
            life.refund(players[-1], len(players))
            refunded.append(len(players))
    if dust:
        world.give(world.bot, dust)

    def balanced() -> None:
        ledger = life.ledger()
        assert ledger.differences == []
        assert check_account(ledger, life.account, life.lamports) == []
        held = holdings(life.account, life.lamports)
        moved_in = sum(moved.paid_in - moved.paid_out for moved in ledger.wallets.values())
        assert moved_in == (held.lamports - dust if life.account else -dust)
        assert held.surplus == (dust if life.account else 0)

    balanced()
    if solve and players and len(players) not in refunded:
        life.settle(players[-1], len(players), refunded=tuple(refunded))
        balanced()
    world.set_time(life.terms.closes_at)
    life.close()
    balanced()


# -- whatever else is said is found


def changed(life: Life, kind: type, /, nth: int = 0, **values: Any) -> list[ChainEvent]:
    """The history with one event that says something else."""
    places = [place for place, seen in enumerate(life.history) if isinstance(seen.event, kind)]
    place = places[nth]
    history = list(life.history)
    history[place] = replace(history[place], event=replace(history[place].event, **values))
    return history


PLANTED: list[tuple[str, type, int, Callable[[Any], dict[str, Any]], Kind]] = [
    ("a dearer fee", MessageFeeRecorded, 1, lambda e: {"amount": e.amount + 1}, Kind.PRICE),
    ("a cheaper fee", MessageFeeRecorded, 0, lambda e: {"amount": e.amount - 1}, Kind.PRICE),
    ("a lamport from the pot", MessageFeeRecorded, 1, lambda e: {"pot_share": e.pot_share - 1}, Kind.SPLIT),
    ("another index", MessageFeeRecorded, 1, lambda e: {"message_index": 7}, Kind.MESSAGE_ORDER),
    ("a fee after the end", MessageFeeRecorded, 3, lambda e: {"recorded_at": 2**40}, Kind.MESSAGE_ORDER),
    ("another pot", MessageFeeRecorded, 1, lambda e: {"pot": e.pot + 1}, Kind.BOOKS),
    ("another count", MessageFeeRecorded, 1, lambda e: {"message_count": 9}, Kind.MESSAGE_ORDER),
    ("a bigger reward", RewardSettled, 0, lambda e: {"reward": e.reward + 1}, Kind.REWARD),
    ("another winner", RewardSettled, 0, lambda e: {"winner": STRANGER}, Kind.REWARD),
    ("a refunded winner", RewardSettled, 0, lambda e: {"message_index": 1}, Kind.REWARD),
    ("an unpaid winner", RewardSettled, 0, lambda e: {"message_index": 9}, Kind.REWARD),
    ("a smaller refund", MessageFeeRefunded, 0, lambda e: {"amount": e.amount - 1}, Kind.REFUND),
    ("a refund to another", MessageFeeRefunded, 1, lambda e: {"player": STRANGER}, Kind.REFUND),
    ("a refund made twice", MessageFeeRefunded, 1, lambda e: {"message_index": 1}, Kind.REFUND),
    ("a refund of the winner", MessageFeeRefunded, 1, lambda e: {"message_index": 3}, Kind.REFUND),
    ("a refund of nothing", MessageFeeRefunded, 1, lambda e: {"message_index": 8}, Kind.REFUND),
    ("more to the platform", BotClosed, 0, lambda e: {"to_platform": e.to_platform + 1}, Kind.CLOSING),
    ("less to the creator", BotClosed, 0, lambda e: {"to_creator": e.to_creator - 1}, Kind.CLOSING),
    ("something to the heir", BotClosed, 0, lambda e: {"to_heir": 5}, Kind.CLOSING),
    ("another heir", BotClosed, 0, lambda e: {"heir": STRANGER}, Kind.CLOSING),
    ("a forfeit that is none", BotClosed, 0, lambda e: {"forfeited": 5}, Kind.CLOSING),
    ("a closer who may not", BotClosed, 0, lambda e: {"closer": STRANGER}, Kind.CLOSING),
    ("a wrong reason", BotClosed, 0, lambda e: {"reason": CloseReason.UNPLAYED}, Kind.CLOSING),
    ("another rent", BotClosed, 0, lambda e: {"rent_reserve": 1}, Kind.CLOSING),
    ("another bot", RewardSettled, 0, lambda e: {"founding_key": STRANGER}, Kind.ADDRESS),
    ("an amount that cannot be", RewardSettled, 0, lambda e: {"pot": 2**64 - 1}, Kind.BOOKS),
]


@pytest.mark.parametrize(
    ("kind", "nth", "values", "found"),
    [pytest.param(*planted[1:], id=planted[0]) for planted in PLANTED],
)
def test_a_planted_difference_is_found(
    kind: type, nth: int, values: Callable[[Any], dict[str, Any]], found: Kind
) -> None:
    life = solved_life()
    told = [seen.event for seen in life.history if isinstance(seen.event, kind)][nth]
    assert found in kinds(life, changed(life, kind, nth, **values(told)))


def test_a_message_paid_twice_is_found() -> None:
    life = solved_life()
    first = life.history[1].event
    assert isinstance(first, MessageFeeRecorded)
    assert Kind.MESSAGE_ORDER in kinds(
        life, changed(life, MessageFeeRecorded, 1, message_id=first.message_id)
    )


@pytest.mark.parametrize("missing", range(9))
def test_a_missing_event_is_found_wherever_it_is(missing: int) -> None:
    life = solved_life()
    found = kinds(life, life.history[:missing] + life.history[missing + 1 :])
    # of a history that ends early, the account tells
    assert found == set() if missing == 8 else Kind.HISTORY in found


def test_an_account_that_is_gone_without_a_closing_is_found() -> None:
    life = solved_life()
    ledger = life.ledger(life.history[:-1])
    assert [difference.kind for difference in check_account(ledger, None, 0)] == [Kind.ACCOUNT]


def test_one_event_in_two_transactions_is_found() -> None:
    life = solved_life()
    again = replace(life.history[3], signature=signature(99), slot=500)
    assert kinds(life, [*life.history, again]) == {Kind.HISTORY}


def test_an_event_after_the_closing_is_found() -> None:
    life = solved_life()
    extra = replace(life.history[1], event=replace(life.history[1].event, event_seq=10))
    assert Kind.HISTORY in kinds(life, [*life.history, extra])


def test_a_second_creation_is_found() -> None:
    life = solved_life()
    extra = replace(life.history[0], event=replace(life.history[0].event, event_seq=10))
    assert Kind.HISTORY in kinds(life, [*life.history, extra])


def test_many_gaps_are_counted_not_listed() -> None:
    life = solved_life()
    far = replace(life.history[-1], event=replace(life.history[-1].event, event_seq=1_000))
    found = [d for d in life.ledger([*life.history[:2], far]).differences if d.kind is Kind.HISTORY]
    assert len(found) < 10
    assert "missing" in found[-1].found


def test_a_history_of_another_address_is_found() -> None:
    life = solved_life()
    life.world.bot = STRANGER
    assert Kind.ADDRESS in kinds(life)


def test_no_history_is_no_life_and_no_difference() -> None:
    life = Life()
    ledger = life.ledger([])
    assert (ledger.created, ledger.event_seq, ledger.differences) == (None, 0, [])


# -- the account


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pot", 1),
        ("creator_due", 1),
        ("platform_due", 1),
        ("unclaimed", 1),
        ("message_count", 9),
        ("refund_cursor", 2),
        ("refund_count", 1),
        ("event_seq", 9),
        ("payout_key", STRANGER),
        ("last_player", STRANGER),
        ("closes_at", 1),
        ("initial_pot", 1),
        ("last_message_at", 1),
    ],
)
def test_an_account_that_says_something_else_is_found(field: str, value: Any) -> None:
    life = Life()
    life.pay(life.world.alice)
    account = life.account
    assert account is not None
    found = check_account(life.ledger(), replace(account, **{field: value}), life.lamports)
    told = [difference.about for difference in found if difference.kind is Kind.ACCOUNT]
    assert told == [f"account, {field}"]


def test_an_account_that_holds_a_lamport_less_than_it_owes_is_found() -> None:
    life = Life()
    account = life.account
    assert account is not None
    assert check_account(life.ledger(), account, account.owed) == []
    [found] = check_account(life.ledger(), account, account.owed - 1)
    assert found.kind is Kind.LAMPORTS


def test_surplus_is_shown_apart() -> None:
    life = Life()
    life.world.give(life.world.bot, 77)
    held = holdings(life.account, life.lamports)
    assert held.surplus == 77
    assert held.lamports == held.rent + held.pot + 77
