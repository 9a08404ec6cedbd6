"""What a program event means for a bot."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.events import (
    BotClosed,
    BotCreated,
    CloseReason,
    KeysRotated,
    MessageFeeRecorded,
    MessageFeeRefunded,
    ProgramEvent,
    RewardSettled,
)
from arena.chain.feed import ChainEvent
from arena.economy import ExpiryRule
from arena.game import chain_facts
from arena.game.bot_changes import BotChanges, mirror_of
from arena.game.frames import Reveal
from arena.store.bots import Bot, BotStatus
from arena.store.messages import Message, MessageStatus, NewMessage, content_hash
from arena.store.solutions import Solution

KEY = Pubkey.default()
PLAYER = Keypair().pubkey()
REVEAL = Reveal(salt="00" * 32, kind="passphrase", public={}, secret={"phrase": "x"})
FEE = 10_000_000


def bot(**values: Any) -> Bot:
    now = datetime.now(UTC)
    base = Bot(
        id=uuid4(),
        creator_id=uuid4(),
        address=str(KEY),
        founding_key=str(KEY),
        name="Boreas",
        kind="passphrase",
        public={},
        secret=b"",
        salt=b"",
        objective_hash=bytes(32),
        fee_base=FEE,
        fee_growth_bps=0,
        fee_cap=FEE,
        pot_bps=8_000,
        creator_bps=1_000,
        initial_pot=500,
        closes_at=now + timedelta(days=1),
        idle_after=0,
        idle_min_messages=0,
        expiry_rule=ExpiryRule.LAST_PLAYER,
        status=BotStatus.OPEN,
        pot=500,
        message_count=0,
        event_seq=1,
        judged_count=0,
        next_price=FEE,
        frame_seq=1,
        opened_at=now,
        ended_at=None,
        created_at=now,
        updated_at=now,
    )
    return replace(base, **values)


def message(of: Bot, **values: Any) -> NewMessage:
    message_id = uuid4()
    base = NewMessage(
        id=message_id,
        bot_id=of.id,
        session_id=uuid4(),
        solver_id=uuid4(),
        wallet=str(PLAYER),
        client_id=uuid4(),
        text="hello",
        content_hash=content_hash(message_id, "hello"),
        amount=FEE,
        valid_until=datetime.now(UTC),
    )
    return replace(base, **values)


def head(of: Bot, seq: int) -> dict[str, Any]:
    return {
        "bot": KEY,
        "founding_key": KEY,
        "bot_id": of.id,
        "pot": 8_000_500,
        "message_count": 1,
        "event_seq": seq,
    }


def fee(of: Bot, paid: NewMessage, **values: Any) -> MessageFeeRecorded:
    base = MessageFeeRecorded(
        **head(of, 2),
        message_id=paid.id,
        content_hash=paid.content_hash,
        player=PLAYER,
        message_index=1,
        amount=FEE,
        pot_share=FEE * 8 // 10,
        creator_share=FEE // 10,
        platform_share=FEE // 10,
        recorded_at=0,
    )
    return replace(base, **values)


def apply(
    of: Bot, event: ProgramEvent, paying: dict[str, NewMessage] | None = None, **known: Any
) -> tuple[BotChanges, chain_facts.Fact]:
    changes = BotChanges(mirror_of(of))
    seen = ChainEvent(event, "signature", 77, None)
    return changes, chain_facts.apply(changes, of, seen, paying=paying or {}, reveal=lambda: REVEAL, **known)


def refunding(of: Bot, **values: Any) -> Message:
    """A message whose fee is on its way back."""
    base: dict[str, Any] = {
        **{field.name: None for field in fields(Message)},
        **{field.name: getattr(message(of), field.name) for field in fields(NewMessage)},
        "status": MessageStatus.REFUNDING,
        "message_index": 1,
    }
    return Message(**base | values)


def solution(**values: Any) -> Solution:
    """The first message has won 900 lamports."""
    base: dict[str, Any] = {
        **{field.name: None for field in fields(Solution)},
        "winner": str(PLAYER),
        "message_index": 1,
        "reward": 900,
    }
    return Solution(**base | values)


def frames(changes: BotChanges) -> list[dict[str, Any]]:
    return [json.loads(published.frame) for published in changes.published]


def statements(changes: BotChanges) -> list[str]:
    return [write.statement.name for write in changes.change(0).writes]


def test_the_books_are_mirrored_whatever_happened() -> None:
    of = bot(message_count=1, fee_growth_bps=1_000, fee_cap=2 * FEE)
    changes, _ = apply(of, KeysRotated(**head(of, 2), quote_key=KEY, payout_key=KEY))
    mirror = changes.mirror
    assert (mirror.pot, mirror.message_count, mirror.event_seq) == (8_000_500, 1, 2)
    assert mirror.next_price == of.fees.price(1)
    assert frames(changes) == []


def test_a_creation_opens_the_bot() -> None:
    of = bot(status=BotStatus.OPENING, event_seq=0, frame_seq=0, opened_at=None)
    event = BotCreated(
        **head(of, 1) | {"message_count": 0},
        creator=KEY,
        quote_key=KEY,
        payout_key=KEY,
        admin=KEY,
        platform=KEY,
        objective_hash=bytes(32),
        fee_base=FEE,
        fee_cap=FEE,
        initial_pot=500,
        rent_reserve=1,
        created_at=0,
        closes_at=0,
        idle_min_messages=0,
        fee_growth_bps=0,
        idle_after=0,
        pot_bps=0,
        creator_bps=0,
        expiry_rule=event_rule(),
    )
    changes, fact = apply(of, event)
    assert fact is None
    assert (changes.mirror.was, changes.mirror.status) == (BotStatus.OPENING, BotStatus.OPEN)
    assert changes.mirror.opened_at is not None
    assert frames(changes) == [
        {"type": "pot", "seq": 1, "pot": 8_000_500, "message_count": 0, "next_price": FEE}
    ]
    assert "transactions.outcome" in statements(changes)


def event_rule() -> Any:
    from arena.chain.accounts import ExpiryRule as OnChain

    return OnChain.LAST_PLAYER


def test_a_fee_of_a_known_payment_makes_the_message_paid() -> None:
    of = bot()
    paying = message(of)
    changes, fact = apply(of, fee(of, paying), {"signature": paying})
    assert fact == chain_facts.Paid(chain_facts.PaidMessage(paying, 1))
    assert [frame["type"] for frame in frames(changes)] == ["payment", "pot"]
    assert [published.session_id for published in changes.published] == [paying.session_id, None]
    assert {"messages.paid", "transactions.outcome", "bots.mirror"} <= set(statements(changes))


@pytest.mark.parametrize("status", [BotStatus.SOLVED, BotStatus.EXPIRED])
def test_a_fee_after_the_end_is_to_go_back(status: BotStatus) -> None:
    of = bot(status=status)
    paying = message(of)
    changes, fact = apply(of, fee(of, paying), {"signature": paying})
    assert fact == chain_facts.PaidTooLate(chain_facts.PaidMessage(paying, 1))
    assert changes.mirror.judged_count == 1, "it has a fate"
    refund = frames(changes)[-1]
    assert (refund["type"], refund["status"], refund["reason"], refund["amount"]) == (
        "refund",
        "due",
        "late",
        FEE,
    )
    assert "messages.refunding" in statements(changes)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda event: replace(event, message_id=uuid4()), id="unknown message"),
        pytest.param(lambda event: replace(event, player=KEY), id="another player"),
        pytest.param(lambda event: replace(event, amount=FEE - 1), id="another amount"),
        pytest.param(lambda event: replace(event, content_hash=bytes(32)), id="another text"),
        pytest.param(
            lambda event: replace(event, message_count=2, message_index=2), id="one before it is missing"
        ),
    ],
)
def test_a_fee_that_the_rows_do_not_know_halts_the_bot(
    alter: Callable[[MessageFeeRecorded], MessageFeeRecorded],
) -> None:
    of = bot()
    paying = message(of)
    changes, fact = apply(of, alter(fee(of, paying)), {"signature": paying})
    assert fact == chain_facts.Unknown()
    assert "messages.paid" not in statements(changes)


def test_a_settled_reward_is_told_to_all_with_what_was_committed_to() -> None:
    of = bot(status=BotStatus.SOLVED, message_count=1)
    event = RewardSettled(**head(of, 3), winner=PLAYER, message_index=1, reward=900, proof=bytes(32))
    changes, fact = apply(of, event, solution=solution())
    assert fact == chain_facts.Moved()
    [frame] = frames(changes)
    assert (frame["status"], frame["reward"], frame["winner"]) == ("paid", 900, str(PLAYER))
    assert frame["reveal"]["secret"] == {"phrase": "x"}


@pytest.mark.parametrize(("delivered", "status"), [(True, "paid"), (False, "unclaimed")])
def test_a_refund_is_written_down_and_told(delivered: bool, status: str) -> None:
    of = bot(status=BotStatus.SOLVED, message_count=1)
    event = MessageFeeRefunded(
        **head(of, 4),
        player=PLAYER,
        message_index=1,
        amount=FEE,
        pot_share=0,
        creator_share=0,
        platform_share=0,
        delivered=delivered,
    )
    changes, fact = apply(of, event, refunding=refunding(of))
    assert fact == chain_facts.Moved()
    assert frames(changes)[0]["status"] == status
    assert "messages.refunded" in statements(changes)


@pytest.mark.parametrize(
    "values",
    [
        None,
        {"status": MessageStatus.JUDGED},
        {"status": MessageStatus.REFUNDED},
        {"amount": FEE + 1},
        {"wallet": str(KEY)},
    ],
)
def test_a_refund_that_is_not_due_halts_the_bot(values: dict[str, Any] | None) -> None:
    of = bot(status=BotStatus.SOLVED, message_count=1)
    event = MessageFeeRefunded(
        **head(of, 4),
        player=PLAYER,
        message_index=1,
        amount=FEE,
        pot_share=0,
        creator_share=0,
        platform_share=0,
        delivered=True,
    )
    changes, fact = apply(of, event, refunding=None if values is None else refunding(of, **values))
    assert fact == chain_facts.Unknown()
    assert "messages.refunded" not in statements(changes)


@pytest.mark.parametrize(
    "values", [None, {"winner": str(KEY)}, {"winner": None}, {"message_index": 2}, {"reward": 901}]
)
def test_a_reward_that_is_not_owed_halts_the_bot(values: dict[str, Any] | None) -> None:
    of = bot(status=BotStatus.SOLVED, message_count=1)
    event = RewardSettled(**head(of, 3), winner=PLAYER, message_index=1, reward=900, proof=bytes(32))
    _, fact = apply(of, event, solution=None if values is None else solution(**values))
    assert fact == chain_facts.Unknown()


def test_a_fee_that_was_not_told_of_halts_the_bot() -> None:
    """Fees are counted by the chain: the books of any later event show that there was one more."""
    _, fact = apply(bot(), KeysRotated(**head(bot(), 2), quote_key=KEY, payout_key=KEY))
    assert fact == chain_facts.Unknown()


def test_a_closed_account_is_the_end() -> None:
    of = bot(status=BotStatus.SOLVED, message_count=1)
    zero = dict.fromkeys(
        (
            "to_heir",
            "to_platform",
            "to_creator",
            "creator_due",
            "pot_to_creator",
            "unclaimed",
            "forfeited",
            "rent_reserve",
            "surplus",
        ),
        0,
    )
    event = BotClosed(**head(of, 5) | {"pot": 0}, closer=KEY, heir=KEY, reason=CloseReason.SOLVED, **zero)
    changes, fact = apply(of, event, solution=solution())
    assert fact == chain_facts.Moved()
    assert (changes.mirror.status, changes.mirror.pot) == (BotStatus.CLOSED, 0)
    assert [frame["status"] for frame in frames(changes)] == ["closed"]
    assert {"sessions.close", "solutions.insert"} & set(statements(changes)) == {"sessions.close"}
    # by a stranger, before the arena had ended it
    changes, _ = apply(bot(status=BotStatus.OPEN, message_count=1), event)
    assert [frame["status"] for frame in frames(changes)] == ["expired", "closed"]
    assert changes.mirror.ended_at is not None
    assert "solutions.insert" in statements(changes)


def test_frames_are_numbered_without_gaps_and_the_snapshot_advances_by_one() -> None:
    of = bot(frame_seq=41)
    paying = message(of)
    changes, _ = apply(of, fee(of, paying), {"signature": paying})
    assert [frame["seq"] for frame in frames(changes)] == [42, 43]
    assert changes.mirror.frame_seq == 43
    change = changes.change(version=7)
    assert change.snapshot is not None
    assert (change.expected_version, change.snapshot.version, change.snapshot.id) == (7, 8, str(of.id))
