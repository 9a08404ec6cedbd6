"""What happens next to a bot's money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from arena.chain.accounts import BotAccount, BotStatus, ExpiryRule
from arena.game.ending import MARGIN
from arena.game.settlement_plan import (
    Close,
    Done,
    Idle,
    Refund,
    RefundDue,
    Settle,
    Solution,
    Step,
    Wait,
    next_step,
)

WINNER = str(Pubkey.new_unique())


def account(**values: Any) -> BotAccount:
    key = Pubkey.default()
    base = BotAccount(
        version=1,
        status=BotStatus.OPEN,
        bump=255,
        bot_id=uuid4(),
        creator=key,
        founding_key=key,
        quote_key=key,
        payout_key=key,
        admin=key,
        platform=key,
        objective_hash=bytes(32),
        fee_base=1_000_000,
        fee_growth_bps=0,
        fee_cap=1_000_000,
        pot_bps=8_000,
        creator_bps=1_000,
        initial_pot=10_000_000,
        pot=10_000_000,
        creator_due=0,
        platform_due=0,
        unclaimed=0,
        message_count=0,
        refund_cursor=0,
        refund_count=0,
        rent_reserve=4_510_080,
        event_seq=1,
        created_at=0,
        closes_at=0,
        idle_after=0,
        idle_min_messages=0,
        last_message_at=0,
        expiry_rule=ExpiryRule.LAST_PLAYER,
        last_player=None,
        winner=None,
    )
    return replace(base, **values)


def due(index: int) -> RefundDue:
    return RefundDue(uuid4(), index, WINNER, 1_000_000)


def plan(account: BotAccount | None, **values: Any) -> Step:
    defaults: dict[str, Any] = {"solution": None, "ended": False, "refunds": [], "accounted": 0, "now": 1e9}
    return next_step(account, **(defaults | values))


SOLUTION = Solution(message_index=3, winner=WINNER, reward=12_400_000, proof=bytes(32))


def test_a_live_bot_owes_nothing() -> None:
    assert plan(account(message_count=2), accounted=2) == Idle()


def test_a_refund_waits_until_its_message_is_final() -> None:
    assert isinstance(plan(account(message_count=1), refunds=[due(2)], accounted=2), Wait)


def test_an_unjudged_message_is_refunded_while_the_bot_lives() -> None:
    refund = due(2)
    assert plan(account(message_count=2), refunds=[refund], accounted=2) == Refund(refund)


def test_the_reward_waits_until_the_winning_message_is_final() -> None:
    assert isinstance(plan(account(message_count=2), solution=SOLUTION, accounted=3), Wait)


def test_the_reward_is_paid_once_the_winning_message_is_final() -> None:
    assert plan(account(message_count=3), solution=SOLUTION, accounted=3) == Settle(SOLUTION)


def test_refunds_of_messages_before_the_winning_one_come_before_the_reward() -> None:
    early = due(1)
    step = plan(account(message_count=4), solution=SOLUTION, refunds=[early, due(4)], accounted=4)
    assert step == Refund(early)


def test_refunds_of_late_messages_come_after_the_reward() -> None:
    late = due(4)
    before = plan(account(message_count=4), solution=SOLUTION, refunds=[late], accounted=4)
    after = plan(
        account(message_count=4, status=BotStatus.SOLVED), solution=SOLUTION, refunds=[late], accounted=4
    )
    assert (before, after) == (Settle(SOLUTION), Refund(late))


def test_a_refund_that_the_chain_has_is_not_paid_again() -> None:
    step = plan(
        account(message_count=4, status=BotStatus.SOLVED, refund_cursor=4),
        solution=SOLUTION,
        refunds=[due(4)],
        accounted=4,
    )
    assert step == Close(4)


def test_closing_waits_for_a_message_that_the_rows_do_not_know_yet() -> None:
    step = plan(account(message_count=5, status=BotStatus.SOLVED), solution=SOLUTION, accounted=4)
    assert isinstance(step, Wait)


def test_closing_waits_for_a_message_that_is_not_final_yet() -> None:
    step = plan(account(message_count=4, status=BotStatus.SOLVED), solution=SOLUTION, accounted=5)
    assert isinstance(step, Wait)


def test_an_expired_bot_is_closed_without_a_reward() -> None:
    assert plan(account(message_count=2), ended=True, accounted=2) == Close(2)


def test_nothing_is_left_to_do_once_the_account_is_gone() -> None:
    assert plan(None, solution=SOLUTION, accounted=3) == Done()


@given(
    count=st.integers(1, 12),
    data=st.data(),
)
def test_following_the_plan_refunds_every_due_message_once_in_order_and_ends(
    count: int, data: st.DataObject
) -> None:
    winning = data.draw(st.integers(1, count))
    unjudged = data.draw(st.sets(st.integers(1, count)).map(lambda s: sorted(s - {winning})))
    refunds = [due(index) for index in sorted({*unjudged, *range(winning + 1, count + 1)})]
    solution = replace(SOLUTION, message_index=winning)
    current: BotAccount | None = account(message_count=count)
    done: list[Step] = []
    for _ in range(3 * count + 5):
        step = plan(current, solution=solution, refunds=refunds, accounted=count)
        done.append(step)
        match step:
            case Refund(refund):
                assert current is not None
                assert refund.message_index > current.refund_cursor
                current = replace(current, refund_cursor=refund.message_index)
            case Settle():
                assert current is not None
                assert current.status is BotStatus.OPEN
                current = replace(current, status=BotStatus.SOLVED)
            case Close():
                current = None
            case Done():
                break
            case Wait() | Idle():
                pytest.fail(f"stuck at {step}")
    assert done[-1] == Done()
    assert [step.due for step in done if isinstance(step, Refund)] == refunds
    assert sum(isinstance(step, Settle) for step in done) == 1


@pytest.mark.parametrize(
    ("terms", "closable"),
    [
        ({"closes_at": 5_000}, 5_000),
        ({"closes_at": 5_000, "idle_after": 100, "last_message_at": 1_000}, 1_100),
        ({"closes_at": 1_050, "idle_after": 100, "last_message_at": 1_000}, 1_050),
        ({"closes_at": 5_000, "idle_after": 100, "last_message_at": 1_000, "idle_min_messages": 1}, 5_000),
        ({"closes_at": 5_000, "status": BotStatus.SOLVED}, 0),
    ],
)
def test_a_bot_is_closed_as_soon_as_the_chain_lets_it_be(terms: dict[str, Any], closable: float) -> None:
    """Not before: the attempt would fail, and cost its fee."""
    of = account(**terms)
    assert isinstance(plan(of, ended=True, now=closable + MARGIN - 1), Wait)
    assert plan(of, ended=True, now=closable + MARGIN) == Close(0)
