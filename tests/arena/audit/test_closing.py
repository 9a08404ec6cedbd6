"""What a closing would pay is what the program then pays."""

from __future__ import annotations

import pytest
from solders.pubkey import Pubkey

from arena.audit.closing import can_hold, closes_from, payouts
from arena.chain.accounts import ExpiryRule
from arena.chain.client import AccountState
from tests.arena.audit.lives import Life
from tests.arena.chain.program.conftest import WALLET_MINIMUM

DAY = 86_400


def abandoned(*players: str, **terms: object) -> Life:
    life = Life(**terms)
    for name in players:
        life.pay(getattr(life.world, name))
    return life


def predicted_and_paid(life: Life, **can: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    account = life.account
    assert account is not None
    life.world.set_time(closes_from(account))
    pays = payouts(account, life.lamports, **can)
    closed = life.close(life.world.stranger)
    assert pays.heir == closed.heir
    return (
        (pays.to_heir, pays.to_platform, pays.to_creator, pays.forfeited),
        (closed.to_heir, closed.to_platform, closed.to_creator, closed.forfeited),
    )


@pytest.mark.parametrize("rule", ExpiryRule)
@pytest.mark.parametrize("players", [(), ("alice",), ("alice", "bob")], ids=["none", "one", "two"])
def test_an_unsolved_bot(rule: ExpiryRule, players: tuple[str, ...]) -> None:
    predicted, paid = predicted_and_paid(abandoned(*players, expiry_rule=rule))
    assert predicted == paid


def test_a_bot_whose_every_fee_was_refunded() -> None:
    life = abandoned("alice")
    life.refund(life.world.alice, 1)
    predicted, paid = predicted_and_paid(life)
    assert predicted == paid
    assert paid[0] == 0


def test_a_solved_bot_whose_late_fees_were_never_refunded() -> None:
    life = abandoned("alice", "bob")
    life.settle(life.world.alice, 1)
    predicted, paid = predicted_and_paid(life)
    assert predicted == paid
    assert paid[0] > 0


def test_a_surplus_goes_to_the_creator() -> None:
    life = abandoned("alice")
    life.world.give(life.world.bot, 12_345)
    predicted, paid = predicted_and_paid(life)
    assert predicted == paid


def test_what_the_platform_cannot_hold_goes_to_the_creator() -> None:
    life = abandoned("alice", pot_bps=9_999, creator_bps=0)
    life.world.empty(life.world.platform)
    predicted, paid = predicted_and_paid(life, platform_can_hold=False)
    assert predicted == paid
    assert paid[1] == 0
    assert paid[3] > 0


def wallet(lamports: int, *, executable: bool = False) -> AccountState:
    return AccountState(lamports, Pubkey.default(), b"", executable, 1)


def test_a_wallet_can_hold_what_keeps_it_alive() -> None:
    assert can_hold(None, WALLET_MINIMUM, WALLET_MINIMUM)
    assert not can_hold(None, WALLET_MINIMUM - 1, WALLET_MINIMUM)
    assert can_hold(wallet(WALLET_MINIMUM), 1, WALLET_MINIMUM)
    assert not can_hold(wallet(1), 1, WALLET_MINIMUM)
    assert not can_hold(wallet(WALLET_MINIMUM, executable=True), 1, WALLET_MINIMUM)
