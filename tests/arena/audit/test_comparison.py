"""Chain against rows: what agrees, what is in flight, and differences of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.audit.compared_events import taken_back
from arena.audit.comparison import Comparison, compare
from arena.audit.differences import Kind
from arena.audit.ledger import Ledger
from arena.economy import ExpiryRule
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from arena.store.money import MessageMoney, MoneyRows, TransactionMoney
from arena.store.solutions import SolutionStatus
from arena.store.transactions import TransactionStatus
from tests.arena.audit.lives import Life, expired_life, rewound, rows_of, signature, solved_life

UNKNOWN = UUID(int=2**127)


def compared(ledger: Ledger, rows: MoneyRows, known: int | None = None) -> Comparison:
    return compare(ledger, rows, known=ledger.event_seq if known is None else known)


def kinds(comparison: Comparison) -> set[Kind]:
    return {difference.kind for difference in comparison.differences}


def with_bot(rows: MoneyRows, **values: Any) -> MoneyRows:
    return replace(rows, bot=replace(rows.bot, **values))


def with_message(rows: MoneyRows, index: int, **values: Any) -> MoneyRows:
    return replace(
        rows,
        messages=tuple(
            replace(row, **values) if row.message_index == index else row for row in rows.messages
        ),
    )


def with_transaction(rows: MoneyRows, kind: str, /, **values: Any) -> MoneyRows:
    """The first one of a kind changed."""
    place = next(place for place, row in enumerate(rows.transactions) if row.kind == kind)
    changed = list(rows.transactions)
    changed[place] = replace(changed[place], **values)
    return replace(rows, transactions=tuple(changed))


def with_event(rows: MoneyRows, seq: int, **values: Any) -> MoneyRows:
    return replace(
        rows,
        events=tuple(replace(row, **values) if row.event_seq == seq else row for row in rows.events),
    )


def with_solution(rows: MoneyRows, **values: Any) -> MoneyRows:
    assert rows.solution is not None
    return replace(rows, solution=replace(rows.solution, **values))


def without(rows: Sequence[Any], kind: str) -> tuple[Any, ...]:
    return tuple(row for row in rows if row.kind != kind)


# -- what agrees


@pytest.mark.parametrize("life", [solved_life, expired_life], ids=["solved", "expired"])
def test_rows_of_a_whole_life_agree(life: Callable[[], Life]) -> None:
    ledger = life().ledger()
    assert compared(ledger, rows_of(ledger)) == Comparison((), {})


@pytest.mark.parametrize("events", range(1, 10))
def test_rows_agree_at_every_moment_of_a_life(events: int) -> None:
    life = solved_life()
    ledger = life.ledger(life.history[:events])
    assert compared(ledger, rows_of(ledger)).differences == ()


def test_a_draft_that_nothing_was_paid_for_agrees() -> None:
    life = solved_life()
    rows = rows_of(life.ledger())
    drafted = replace(
        with_bot(rewound(rows, life.ledger(), 0), status=BotStatus.OPENING),
        messages=(),
        transactions=(),
        solution=None,
    )
    assert compared(life.ledger([]), drafted) == Comparison((), {})


def test_a_closing_by_a_stranger_after_the_grace_period_needs_no_row() -> None:
    life = Life()
    life.pay(life.world.alice)
    life.world.set_time(life.terms.closes_at + 7 * 86_400)
    life.close(life.world.stranger)
    ledger = life.ledger()
    assert compared(ledger, rows_of(ledger)).differences == ()


def test_a_rotation_of_keys_needs_no_row() -> None:
    life = Life()
    life.rotate()
    ledger = life.ledger()
    assert compared(ledger, rows_of(ledger)).differences == ()


# -- what is in flight


def test_a_payment_that_the_arena_has_not_taken_in_is_in_flight() -> None:
    life = Life()
    life.pay(life.world.alice)
    rows = rows_of(life.ledger())
    rows = rewound(rows, life.ledger(), 1)
    rows = with_message(
        rows,
        1,
        status=MessageStatus.PAYING,
        message_index=None,
        pot_share=None,
        fee_signature=None,
        solved=None,
    )
    rows = with_transaction(rows, "fee", status=TransactionStatus.PENDING)
    found = compared(life.ledger(), rows)
    assert found.differences == ()
    assert found.in_flight == {"payments not taken in yet": 1, "events not taken in yet": 1}


def test_what_waits_for_a_verdict_or_a_refund_is_in_flight() -> None:
    life = Life()
    life.pay(life.world.alice)
    life.pay(life.world.bob)
    rows = rows_of(life.ledger())
    rows = with_message(rows, 1, status=MessageStatus.PAID, solved=None)
    rows = with_message(rows, 2, status=MessageStatus.REFUNDING, solved=None)
    found = compared(life.ledger(), rows)
    assert found == Comparison((), {"messages waiting for verdict or refund": 2})


@pytest.mark.parametrize("status", [TransactionStatus.PENDING, TransactionStatus.LANDED])
def test_a_refund_that_is_final_before_the_arena_takes_it_in_is_in_flight(status: TransactionStatus) -> None:
    life = Life()
    life.pay(life.world.alice)
    before = rows_of(life.ledger())
    life.refund(life.world.alice, 1)
    rows = with_message(rows_of(life.ledger()), 1, status=MessageStatus.REFUNDING, refund_signature=None)
    rows = with_transaction(rewound(rows, life.ledger(), before.bot.event_seq), "refund", status=status)
    found = compared(life.ledger(), rows)
    assert found.differences == ()
    assert found.in_flight["refunds not taken in yet"] == 1


def test_a_payment_made_after_the_chain_was_read_needs_no_row() -> None:
    life = Life()
    rows = rows_of(life.ledger())
    life.pay(life.world.alice)
    assert compared(life.ledger(), rows, known=1) == Comparison((), {})
    assert Kind.MESSAGE_UNKNOWN in kinds(compared(life.ledger(), rows, known=2))


def test_a_message_that_was_dead_and_is_paid_for_again_afterwards_is_no_difference() -> None:
    life = Life()
    life.pay(life.world.alice)
    rows = rows_of(life.ledger())
    unpaid = with_message(
        rows, 1, status=MessageStatus.DEAD, message_index=None, fee_signature=None, amount=1, solved=None
    )
    dead = rewound(unpaid, life.ledger(), 1)
    dead = replace(dead, transactions=without(dead.transactions, "fee"))
    assert compared(life.ledger(), dead, known=1).differences == ()
    assert Kind.OUTCOME in kinds(compared(life.ledger(), dead, known=2))


def test_events_that_were_taken_in_before_there_were_rows_of_them_have_one_row_for_all() -> None:
    ledger = solved_life().ledger()
    rows = rows_of(ledger)
    last = replace(rows.events[-1], kind="Migrated", signature="1" * 64)
    assert compared(ledger, replace(rows, events=(last,))).differences == ()


def test_an_event_that_a_fork_took_back_is_told_from_one_that_was_called_final() -> None:
    life = Life()
    life.pay(life.world.alice)
    ledger = life.ledger()
    rows = rows_of(ledger)
    assert taken_back(ledger, rows) is None
    other = with_event(rows, 2, signature=signature(99), final=False)
    assert taken_back(ledger, other) == 2
    assert taken_back(ledger, with_event(rows, 2, signature=signature(99))) is None
    assert taken_back(life.ledger(life.history[:1]), with_event(rows, 2, final=False)) == 2


# -- differences of every kind

Change = Callable[[MoneyRows], MoneyRows]

PLANTED: list[tuple[str, Change, Kind]] = [
    # the bot
    ("other shares", lambda r: with_bot(r, pot_bps=6_000), Kind.TERMS),
    ("another price", lambda r: with_bot(r, fee_base=999_999), Kind.TERMS),
    ("another cap", lambda r: with_bot(r, fee_cap=2**40), Kind.TERMS),
    ("another end", lambda r: with_bot(r, closes_at=r.bot.closes_at + timedelta(seconds=1)), Kind.TERMS),
    ("another rule", lambda r: with_bot(r, expiry_rule=ExpiryRule.CREATOR), Kind.TERMS),
    ("another creator", lambda r: with_bot(r, creator="somebody"), Kind.TERMS),
    ("another commitment", lambda r: with_bot(r, objective_hash=bytes(32)), Kind.TERMS),
    ("another initial pot", lambda r: with_bot(r, initial_pot=1), Kind.TERMS),
    ("a lamport in the pot", lambda r: with_bot(r, pot=r.bot.pot + 1), Kind.MIRROR),
    ("a message more", lambda r: with_bot(r, message_count=5), Kind.MIRROR),
    ("an event more", lambda r: with_bot(r, event_seq=10), Kind.MIRROR),
    ("an event less", lambda r: with_bot(r, event_seq=4), Kind.MIRROR),
    ("open for ever", lambda r: with_bot(r, status=BotStatus.OPEN), Kind.MIRROR),
    # messages
    ("a lost message", lambda r: replace(r, messages=r.messages[1:]), Kind.MESSAGE_UNKNOWN),
    ("two rows of one message", lambda r: replace(r, messages=(*r.messages, r.messages[0])), Kind.MESSAGE),
    (
        "two rows with one index",
        lambda r: replace(r, messages=(*r.messages, replace(r.messages[0], id=UNKNOWN))),
        Kind.MESSAGE,
    ),
    (
        "a message that was never paid",
        lambda r: replace(
            r, messages=(*r.messages, replace(r.messages[1], id=UNKNOWN, message_index=5, solved=False))
        ),
        Kind.MESSAGE_NOT_ON_CHAIN,
    ),
    ("another player", lambda r: with_message(r, 2, wallet="somebody"), Kind.MESSAGE),
    ("another amount", lambda r: with_message(r, 2, amount=1), Kind.MESSAGE),
    ("another share", lambda r: with_message(r, 2, pot_share=1), Kind.MESSAGE),
    ("another text", lambda r: with_message(r, 2, text_hashed=False), Kind.MESSAGE),
    ("another hash", lambda r: with_message(r, 2, content_hash=bytes(32)), Kind.MESSAGE),
    ("another payment", lambda r: with_message(r, 2, fee_signature=signature(99)), Kind.MESSAGE),
    ("another place", lambda r: with_message(r, 2, message_index=5), Kind.MESSAGE),
    # outcomes
    (
        "a verdict and a refund",
        lambda r: with_message(r, 1, status=MessageStatus.JUDGED, solved=False, refund_signature=None),
        Kind.OUTCOME,
    ),
    (
        "a refund that never was",
        lambda r: with_message(r, 2, status=MessageStatus.REFUNDED, refund_signature=signature(99)),
        Kind.OUTCOME,
    ),
    ("another refund", lambda r: with_message(r, 1, refund_signature=signature(99)), Kind.OUTCOME),
    ("still refunding", lambda r: with_message(r, 1, status=MessageStatus.REFUNDING), Kind.OUTCOME),
    ("no outcome", lambda r: with_message(r, 2, status=MessageStatus.PAID, solved=None), Kind.OUTCOME),
    (
        "a refund never made",
        lambda r: with_message(r, 2, status=MessageStatus.REFUNDING, solved=None),
        Kind.OUTCOME,
    ),
    ("dead, and paid", lambda r: with_message(r, 2, status=MessageStatus.DEAD), Kind.OUTCOME),
    ("paying, and paid", lambda r: with_message(r, 2, status=MessageStatus.PAYING), Kind.OUTCOME),
    # transactions
    *(
        (
            f"a lost {kind} row",
            lambda r, kind=kind: replace(r, transactions=without(r.transactions, kind)),
            Kind.TRANSACTION_UNKNOWN,
        )
        for kind in ("create", "fee", "settle", "refund", "close")
    ),
    (
        "a row twice",
        lambda r: replace(r, transactions=(*r.transactions, r.transactions[-1])),
        Kind.TRANSACTION_UNKNOWN,
    ),
    (
        "a payout that never was",
        lambda r: replace(
            r, transactions=(*r.transactions, replace(r.transactions[-1], signature=signature(99)))
        ),
        Kind.TRANSACTION_NOT_ON_CHAIN,
    ),
    ("another reward sent", lambda r: with_transaction(r, "settle", amount=1), Kind.TRANSACTION),
    ("another refund sent", lambda r: with_transaction(r, "refund", amount=1), Kind.TRANSACTION),
    (
        "another message refunded",
        lambda r: with_transaction(r, "refund", message_id=UNKNOWN),
        Kind.TRANSACTION,
    ),
    ("another payer", lambda r: with_transaction(r, "fee", payer="somebody"), Kind.TRANSACTION),
    ("another kind", lambda r: with_transaction(r, "settle", kind="refund"), Kind.TRANSACTION),
    ("failed", lambda r: with_transaction(r, "settle", status=TransactionStatus.FAILED), Kind.TRANSACTION),
    ("expired", lambda r: with_transaction(r, "close", status=TransactionStatus.EXPIRED), Kind.TRANSACTION),
    ("pending fee", lambda r: with_transaction(r, "fee", status=TransactionStatus.PENDING), Kind.TRANSACTION),
    # events
    ("a lost event", lambda r: replace(r, events=r.events[:-1]), Kind.MIRROR),
    ("an event in between lost", lambda r: replace(r, events=r.events[:3] + r.events[4:]), Kind.MIRROR),
    ("another pot on the way", lambda r: with_event(r, 3, pot=1), Kind.MIRROR),
    ("another event", lambda r: with_event(r, 3, kind="KeysRotated"), Kind.MIRROR),
    ("another transaction", lambda r: with_event(r, 3, signature=signature(99)), Kind.MIRROR),
    # the end
    ("no solution", lambda r: replace(r, solution=None), Kind.SOLUTION),
    ("another winner", lambda r: with_solution(r, winner="somebody"), Kind.SOLUTION),
    ("another winning message", lambda r: with_solution(r, message_index=2), Kind.SOLUTION),
    (
        "nobody won",
        lambda r: with_solution(r, message_id=None, winner=None, message_index=None),
        Kind.SOLUTION,
    ),
    ("a bigger reward", lambda r: with_solution(r, reward=r.solution.reward + 1), Kind.REWARD),  # type: ignore[union-attr]
    ("another proof", lambda r: with_solution(r, proof=bytes(32)), Kind.SOLUTION),
    ("another settlement", lambda r: with_solution(r, settle_signature=signature(99)), Kind.SOLUTION),
    ("another closing", lambda r: with_solution(r, close_signature=signature(99)), Kind.SOLUTION),
    ("two winners", lambda r: with_message(r, 2, solved=True), Kind.SOLUTION),
]


@pytest.mark.parametrize(
    ("change", "found"), [pytest.param(*planted[1:], id=planted[0]) for planted in PLANTED]
)
def test_a_planted_difference_is_found(change: Change, found: Kind) -> None:
    ledger = solved_life().ledger()
    assert found in kinds(compared(ledger, change(rows_of(ledger))))


@pytest.mark.parametrize("kind", ["settle", "refund", "close"])
def test_a_payout_of_one_bot_that_is_not_on_the_chain_is_found_however_early(kind: str) -> None:
    """A closed row for money that never moved."""
    life = Life()
    life.pay(life.world.alice)
    rows = rows_of(life.ledger())
    ghost = TransactionMoney(
        signature=signature(99),
        kind=kind,
        message_id=None,
        payer="",
        amount=1,
        status=TransactionStatus.LANDED,
    )
    found = compared(life.ledger(), replace(rows, transactions=(*rows.transactions, ghost)))
    assert kinds(found) == {Kind.TRANSACTION_NOT_ON_CHAIN}


def test_a_closing_that_the_row_calls_final_and_the_chain_does_not_have_is_found() -> None:
    life = solved_life()
    rows = rows_of(life.ledger())
    early = life.ledger(life.history[:-1])
    rows_early = replace(rows_of(early), solution=rows.solution)
    assert rows.solution is not None
    assert rows.solution.status is SolutionStatus.CLOSED
    assert kinds(compared(early, rows_early)) == {Kind.SOLUTION}


def test_two_movements_in_one_transaction_are_found() -> None:
    """As a thief of the payout key could make them."""
    life = solved_life()
    history = [*life.history]
    history[7] = replace(history[7], signature=history[5].signature)
    ledger = life.ledger(history)
    assert Kind.TRANSACTION in kinds(compared(ledger, rows_of(ledger)))


MUTATIONS: list[tuple[str, str]] = [
    ("bot", "pot"),
    ("bot", "message_count"),
    ("bot", "initial_pot"),
    ("message", "amount"),
    ("message", "pot_share"),
    ("transaction", "amount"),
    ("solution", "reward"),
]


@settings(max_examples=60)
@given(what=st.sampled_from(MUTATIONS), nth=st.integers(0, 20), by=st.integers(1, 2**40))
def test_no_figure_of_any_row_can_be_changed_unseen(what: tuple[str, str], nth: int, by: int) -> None:
    ledger = _SOLVED
    rows = rows_of(ledger)
    table, field = what
    if table == "bot":
        rows = with_bot(rows, **{field: getattr(rows.bot, field) + by})
    elif table == "solution":
        rows = with_solution(rows, **{field: getattr(rows.solution, field) + by})
    else:
        name = f"{table}s"
        found: list[MessageMoney | TransactionMoney] = list(getattr(rows, name))
        place = nth % len(found)
        found[place] = replace(found[place], **{field: getattr(found[place], field) + by})
        rows = replace(rows, **{name: tuple(found)})
    assert compared(ledger, rows).differences


_SOLVED = solved_life().ledger()
