"""Any sequence of instructions, good and bad, against a model of a page: same refusals, same lamports."""

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from solders.keypair import Keypair

from arena.chain.accounts import BotStatus, ExpiryRule

DAY = 86_400
PLAYERS = [Keypair.from_seed(sha256(f"player {number}".encode()).digest()) for number in range(3)]
RICH = 10**12


class Model:
    """What the program has to do, in integers and lists."""

    def __init__(self, terms, rent, now):
        self.terms, self.rent, self.now = terms, rent, now
        self.fees = []  # (player, amount)
        self.refunded = set()
        self.cursor = 0
        self.pot, self.creator_due, self.platform_due = terms.initial_pot, 0, 0
        self.winner = None
        self.last_message_at = now
        self.dust = 0
        self.events = 1

    def shares(self, amount):
        pot = amount * self.terms.pot_bps // 10_000
        creator = amount * self.terms.creator_bps // 10_000
        return pot, creator, amount - pot - creator

    def move(self, amount, sign):
        pot, creator, platform = self.shares(amount)
        self.pot += sign * pot
        self.creator_due += sign * creator
        self.platform_due += sign * platform
        self.events += 1

    def may_record(self, amount, valid_for):
        in_time = self.now < self.terms.closes_at and valid_for > 0
        return self.winner is None and in_time and self.terms.fee_base <= amount <= self.terms.fee_cap

    def may_refund(self, index):
        if not self.cursor < index <= len(self.fees):
            return False
        # Solved with another reward than the honest one, the pot may not hold all late fees.
        return self.winner is None or self.shares(self.fees[index - 1][1])[0] <= self.pot

    def may_settle(self, index, reward):
        in_range = self.terms.initial_pot <= reward <= self.pot
        return self.winner is None and index != self.cursor and in_range

    def kept(self):
        return len(self.fees) - len(self.refunded)

    def may_close(self, by_payout, creator_signs):
        grace_over = self.now >= self.terms.closes_at + 7 * DAY
        if not by_payout:
            return grace_over
        if self.winner is not None:
            return self.pot == 0 or grace_over
        idle = (
            self.terms.idle_after
            and len(self.fees) >= self.terms.idle_min_messages
            and self.now >= self.last_message_at + self.terms.idle_after
        )
        return bool(self.now >= self.terms.closes_at or idle or (self.kept() == 0 and creator_signs))

    def payouts(self):
        """To heir, platform, creator."""
        if self.winner is not None:
            heir = self.pot
        elif self.kept() == 0:
            heir = 0
        elif self.terms.expiry_rule is ExpiryRule.LAST_PLAYER:
            heir = self.pot
        else:
            heir = self.pot - self.terms.initial_pot
        everything = self.rent + self.pot + self.creator_due + self.platform_due + self.dust
        return heir, self.platform_due, everything - heir - self.platform_due


class Life(RuleBasedStateMachine):
    """One bot, from its creation to its end, and then the next one."""

    world_type = None

    @initialize(
        pot_bps=st.integers(0, 10_000),
        part=st.integers(0, 100),
        expiry_rule=st.sampled_from(ExpiryRule),
        idle_after=st.sampled_from([0, DAY, 3 * DAY]),
        idle_min_messages=st.integers(0, 3),
        initial_pot=st.integers(890_880, 10**9),
        days=st.integers(1, 20),
    )
    def open(self, pot_bps, part, expiry_rule, idle_after, idle_min_messages, initial_pot, days):
        world = self.world = self.world_type()
        for wallet in (world.creator, world.platform, *PLAYERS):
            world.give(wallet, RICH)
        self.terms_of_bot = {
            "pot_bps": pot_bps,
            "creator_bps": (10_000 - pot_bps) * part // 100,
            "expiry_rule": expiry_rule,
            "idle_after": idle_after,
            "idle_min_messages": idle_min_messages,
            "initial_pot": initial_pot,
        }
        self.create(days)

    def create(self, days):
        from dataclasses import replace

        self.world.terms = replace(
            self.world.terms, **self.terms_of_bot, closes_at=self.world.time + days * DAY
        )
        self.world.create()
        self.world.paid.clear()
        self.model = Model(self.world.terms, self.world.state.rent_reserve, self.world.time)

    def attempt(self, allowed, action):
        """Run it in the VM; whether it goes through has to be what the model says."""
        if not allowed:
            with pytest.raises(self.world.Refused) as refusal:
                action()
            assert refusal.value.code is not None, refusal.value.error
            return None
        return action()

    @rule(
        player=st.sampled_from(PLAYERS),
        amount=st.integers(900_000, 51_000_000),
        valid_for=st.integers(-1, 60),
    )
    def record(self, player, amount, valid_for):
        allowed = self.model.may_record(amount, valid_for)
        valid_until = self.world.time + valid_for
        if self.attempt(allowed, lambda: self.world.record(player, amount, valid_until=valid_until)):
            self.model.fees.append((player, amount))
            self.model.last_message_at = self.model.now
            self.model.move(amount, 1)

    @precondition(lambda self: self.model.fees)
    @rule(place=st.integers(0, 50))
    def refund(self, place):
        index = place % len(self.model.fees) + 1
        player, amount = self.model.fees[index - 1]
        before = self.world.balance(player)
        if self.attempt(self.model.may_refund(index), lambda: self.world.refund(player, index)):
            assert self.world.balance(player) - before == amount
            self.model.cursor = index
            self.model.refunded.add(index)
            self.model.move(amount, -1)

    @precondition(lambda self: self.model.fees)
    @rule(place=st.integers(0, 50), honest=st.booleans(), excess=st.integers(-2, 2))
    def settle(self, place, honest, excess):
        index = place % len(self.model.fees) + 1
        player, _ = self.model.fees[index - 1]
        late = range(index + 1, len(self.model.fees) + 1)
        kept_late = [self.model.fees[number - 1][1] for number in late if number not in self.model.refunded]
        reward = self.model.pot - sum(self.model.shares(amount)[0] for amount in kept_late)
        if not honest:
            reward = self.model.pot + excess
        reward = max(0, reward)
        before = self.world.balance(player)
        if self.attempt(
            self.model.may_settle(index, reward), lambda: self.world.settle(player, index, reward)
        ):
            assert self.world.balance(player) - before == reward
            self.model.winner = player
            self.model.pot -= reward
            self.model.cursor = max(self.model.cursor, index)
            self.model.events += 1

    @rule(hours=st.integers(1, 24 * 9))
    def wait(self, hours):
        self.model.now += hours * 3_600
        self.world.set_time(self.model.now)

    @rule(lamports=st.integers(1, 10**6))
    def send_dust(self, lamports):
        self.world.give(self.world.bot, lamports)
        self.model.dust += lamports

    @rule()
    def rotate(self):
        self.world.rotate(self.world.quote.pubkey(), self.world.payout.pubkey())
        self.model.events += 1

    @rule(
        by_payout=st.booleans(),
        creator_signs=st.booleans(),
        miscount=st.sampled_from([0, 0, 0, 1]),
        days=st.integers(1, 20),
    )
    def close(self, by_payout, creator_signs, miscount, days):
        world, model = self.world, self.model
        heir = model.winner or (model.fees[-1][0] if model.fees else world.creator)
        wallets = (heir, world.platform, world.creator)
        before = [world.balance(wallet) for wallet in wallets]
        allowed = model.may_close(by_payout, creator_signs) and not miscount
        closed = self.attempt(
            allowed,
            lambda: world.close(
                world.payout if by_payout else world.stranger,
                creator_signs=creator_signs,
                expected_message_count=len(model.fees) + miscount,
            ),
        )
        if closed:
            changes = [world.balance(wallet) - was for wallet, was in zip(wallets, before, strict=True)]
            to_heir, to_platform, to_creator = model.payouts()
            if heir is world.creator:
                assert changes == [to_creator, to_platform, to_creator]
            else:
                assert changes == [to_heir, to_platform, to_creator]
            assert world.balance(world.bot) == 0
            assert closed.event.event_seq == model.events + 1
            self.create(days)

    @invariant()
    def chain_and_model_agree(self):
        if not hasattr(self, "model"):
            return
        state, model = self.world.state, self.model
        assert (state.pot, state.creator_due, state.platform_due) == (
            model.pot,
            model.creator_due,
            model.platform_due,
        )
        assert (state.message_count, state.refund_cursor, state.event_seq) == (
            len(model.fees),
            model.cursor,
            model.events,
        )
        assert (state.refund_count, state.unclaimed) == (len(model.refunded), 0)
        assert state.status is (BotStatus.OPEN if model.winner is None else BotStatus.SOLVED)
        assert self.world.balance(self.world.bot) == state.owed + model.dust


def test_the_program_does_what_the_model_does(request):
    Life.world_type = request.config.world_type
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
