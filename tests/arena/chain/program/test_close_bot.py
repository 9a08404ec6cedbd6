"""close_bot: everybody gets what is theirs, and nothing is left behind."""

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.accounts import ExpiryRule
from arena.chain.errors import ProgramError
from arena.chain.events import BotClosed, CloseReason

DAY = 86_400
GRACE = 7 * DAY
CLOSER, BOT, CREATOR, PLATFORM, HEIR = range(5)


class Books:
    """Balances before a closing, to be compared with those after it."""

    def __init__(self, world, *wallets):
        self.world, self.wallets = world, wallets
        self.before = [world.balance(wallet) for wallet in wallets]

    def changes(self):
        return [
            self.world.balance(wallet) - was for wallet, was in zip(self.wallets, self.before, strict=True)
        ]


def gone(world):
    account = world.svm.get_account(world.bot)
    return account is None or (
        account.lamports == 0 and not account.data and account.owner == Pubkey.default()
    )


@pytest.fixture
def played(bot):
    """Two messages of 10,000,000: alice, then bob. Pot +14,000,000, creator 4,000,000, platform 2,000,000."""
    bot.record(bot.alice, 10_000_000)
    bot.record(bot.bob, 10_000_000)
    return bot


@pytest.fixture
def solved(played):
    """Solved by alice's message; bob's was not part of the reward, and is refunded."""
    played.settle(played.alice, 1, played.terms.initial_pot + 7_000_000)
    played.refund(played.bob, 2)
    return played


# ---- who gets what ----


def test_a_solved_bot_pays_the_dues(solved):
    books = Books(solved, solved.creator, solved.platform, solved.alice, solved.bob)
    rent = solved.state.rent_reserve
    event = solved.close().event
    assert books.changes() == [2_000_000 + rent, 1_000_000, 0, 0]
    assert gone(solved)
    assert isinstance(event, BotClosed)
    assert event.reason is CloseReason.SOLVED
    assert (event.to_creator, event.to_platform, event.to_heir) == (2_000_000 + rent, 1_000_000, 0)
    assert (event.creator_due, event.rent_reserve, event.surplus, event.unclaimed) == (2_000_000, rent, 0, 0)
    assert (event.pot, event.message_count, event.event_seq) == (0, 2, 6)


def test_the_last_player_gets_the_pot_by_that_rule(played):
    books = Books(played, played.creator, played.platform, played.bob, played.alice)
    rent = played.state.rent_reserve
    played.set_time(played.terms.closes_at)
    event = played.close().event
    assert books.changes() == [4_000_000 + rent, 2_000_000, played.terms.initial_pot + 14_000_000, 0]
    assert (event.reason, event.heir) == (CloseReason.EXPIRED, played.bob.pubkey())


def test_the_creator_gets_the_initial_pot_back_by_the_other_rule(world):
    world.create(expiry_rule=ExpiryRule.CREATOR)
    world.record(world.alice, 10_000_000)
    books = Books(world, world.creator, world.platform, world.alice)
    rent = world.state.rent_reserve
    world.set_time(world.terms.closes_at)
    event = world.close().event
    assert books.changes() == [2_000_000 + rent + world.terms.initial_pot, 1_000_000, 7_000_000]
    assert (event.pot_to_creator, event.to_heir) == (world.terms.initial_pot, 7_000_000)


@pytest.mark.parametrize("rule", ExpiryRule)
def test_the_pot_of_a_bot_that_nobody_played_is_the_creators(world, rule):
    world.create(expiry_rule=rule)
    books = Books(world, world.creator, world.platform)
    everything = world.balance(world.bot)
    world.set_time(world.terms.closes_at)
    world.close()
    assert books.changes() == [everything, 0]


@pytest.mark.parametrize("rule", ExpiryRule)
def test_a_bot_that_refunded_every_message_counts_as_never_played(world, rule):
    """Otherwise the last player of a bot that never worked would get the initial pot for nothing."""
    world.create(expiry_rule=rule)
    world.record(world.alice)
    world.refund(world.alice, 1)
    books = Books(world, world.creator, world.alice)
    everything = world.balance(world.bot)
    world.set_time(world.terms.closes_at)
    assert world.close().event.heir == world.alice.pubkey()
    assert books.changes() == [everything, 0]


def test_dust_goes_out_with_the_rent(solved):
    solved.give(solved.bot, 777)
    books = Books(solved, solved.creator)
    rent = solved.state.rent_reserve
    event = solved.close().event
    assert event.surplus == 777
    assert books.changes() == [2_000_000 + rent + 777]


def test_unclaimed_refunds_go_to_the_creator(played):
    """Neither platform nor payout key may gain by a refund that does not arrive."""
    wallet = Keypair().pubkey()
    played.put(wallet, Account(1, bytes(200_000), Pubkey.default()))
    played.refund(wallet, 1)
    played.set_time(played.terms.closes_at)
    books = Books(played, played.creator)
    rent = played.state.rent_reserve
    event = played.close().event
    assert event.unclaimed == 10_000_000
    assert books.changes() == [2_000_000 + rent + 10_000_000]


def test_one_wallet_in_all_roles_gets_everything(world):
    """Creator, platform and last player are one account, passed three times."""
    world.create(platform=world.creator.pubkey())
    world.record(world.creator, 10_000_000)
    world.set_time(world.terms.closes_at)
    books, everything = Books(world, world.creator), world.balance(world.bot)
    world.close()
    assert books.changes() == [everything]


def test_the_closer_may_be_one_of_the_paid(world):
    world.create(platform=world.payout.pubkey())
    world.record(world.alice, 10_000_000)
    world.settle(world.alice, 1, world.state.pot)
    world.close()
    assert world.balance(world.payout) == 1_000_000


# ---- when ----


def test_an_open_bot_is_not_closed_before_its_time(played):
    with played.refused(ProgramError.CLOSE_NOT_ALLOWED):
        played.close()
    with played.refused(ProgramError.CLOSE_NOT_ALLOWED):
        played.close(creator_signs=True)
    played.set_time(played.terms.closes_at - 1)
    played.forge(last_message_at=played.time)
    with played.refused(ProgramError.CLOSE_NOT_ALLOWED):
        played.close()
    played.set_time(played.terms.closes_at)
    played.close()


def test_an_idle_bot_is_closed_by_its_own_terms(played):
    played.set_time(played.time + DAY - 1)
    with played.refused(ProgramError.CLOSE_NOT_ALLOWED):
        played.close()
    played.set_time(played.time + 1)
    event = played.close().event
    assert (event.reason, event.heir) == (CloseReason.IDLE, played.bob.pubkey())


def test_idleness_counts_only_after_enough_messages(world):
    world.create(idle_min_messages=3)
    world.record(world.alice)
    world.record(world.bob)
    world.set_time(world.time + 10 * DAY)
    with world.refused(ProgramError.CLOSE_NOT_ALLOWED):
        world.close()
    world.record(world.alice)
    world.set_time(world.time + DAY)
    world.close()


def test_without_idle_terms_a_bot_is_never_idle(world):
    world.create(idle_after=0, idle_min_messages=0)
    world.record(world.alice)
    world.set_time(world.terms.closes_at - 1)
    with world.refused(ProgramError.CLOSE_NOT_ALLOWED):
        world.close()


def test_an_unplayed_bot_is_closed_with_its_creators_signature(bot):
    with bot.refused(ProgramError.CREATOR_SIGNATURE_MISSING):
        bot.close()
    assert bot.close(creator_signs=True).event.reason is CloseReason.UNPLAYED
    assert gone(bot)


def test_a_bot_with_every_message_refunded_is_closed_the_same_way(bot):
    bot.record(bot.alice)
    bot.refund(bot.alice, 1)
    with bot.refused(ProgramError.CREATOR_SIGNATURE_MISSING):
        bot.close()
    assert bot.close(creator_signs=True).event.reason is CloseReason.UNPLAYED


def test_the_creator_alone_cannot_close(bot):
    with bot.refused(ProgramError.GRACE_NOT_OVER):
        bot.close(bot.creator, creator_signs=True)


@pytest.mark.parametrize("expected", [0, 1, 3, 2**64 - 1])
def test_closing_fails_if_another_message_came_in(played, expected):
    played.set_time(played.terms.closes_at)
    with played.refused(ProgramError.UNEXPECTED_MESSAGE_COUNT):
        played.close(expected_message_count=expected)


def test_a_stranger_closes_only_after_the_grace_period(played):
    played.set_time(played.terms.closes_at + GRACE - 1)
    with played.refused(ProgramError.GRACE_NOT_OVER):
        played.close(played.stranger)
    played.set_time(played.terms.closes_at + GRACE)
    books = Books(played, played.creator, played.platform, played.bob, played.stranger)
    rent = played.state.rent_reserve
    event = played.close(played.stranger).event
    assert books.changes() == [4_000_000 + rent, 2_000_000, played.terms.initial_pot + 14_000_000, 0]
    assert (event.reason, event.closer) == (CloseReason.ABANDONED, played.stranger.pubkey())


def test_a_stranger_cannot_close_a_solved_bot_early(solved):
    with solved.refused(ProgramError.GRACE_NOT_OVER):
        solved.close(solved.stranger)


def test_late_fees_are_refunded_before_a_solved_bot_closes(played):
    played.settle(played.alice, 1, played.terms.initial_pot + 7_000_000)
    with played.refused(ProgramError.REFUNDS_OUTSTANDING):
        played.close()


def test_late_fees_that_a_lost_arena_never_refunded_are_the_winners(played):
    played.settle(played.alice, 1, played.terms.initial_pot + 7_000_000)
    played.set_time(played.terms.closes_at + GRACE)
    books = Books(played, played.alice)
    played.close(played.stranger)
    assert books.changes() == [7_000_000]


# ---- who cannot be paid ----


def test_an_empty_platform_wallet_is_funded_before_small_dues_can_be_paid(solved):
    """The cluster would refuse; the arena finds out why, and loses nothing."""
    solved.forge(platform_due=890_879)
    solved.empty(solved.platform)
    with solved.refused(ProgramError.PLATFORM_CANNOT_RECEIVE):
        solved.close()
    solved.give(solved.platform, 890_880)
    solved.close()
    assert solved.balance(solved.platform) == 890_880 + 890_879


def test_after_the_grace_period_an_empty_platform_wallet_holds_up_nobody(solved):
    solved.forge(platform_due=890_879)
    solved.empty(solved.platform)
    solved.set_time(solved.terms.closes_at + GRACE)
    event = solved.close(solved.stranger).event
    assert (event.to_platform, event.forfeited) == (0, 890_879)
    assert event.to_creator == event.creator_due + event.rent_reserve + event.forfeited + event.surplus


def test_an_heir_who_emptied_his_wallet_holds_up_nobody(world):
    world.create(expiry_rule=ExpiryRule.CREATOR)
    world.record(world.alice, 1_000_000)
    world.empty(world.alice)
    world.set_time(world.terms.closes_at)
    event = world.close().event
    assert (event.to_heir, event.forfeited) == (0, 700_000)
    assert gone(world)


# ---- refusals ----


@pytest.mark.parametrize("place", [CREATOR, PLATFORM, HEIR])
def test_nobody_else_can_be_passed_as_recipient(played, change_account, place):
    played.set_time(played.terms.closes_at)
    instruction = change_account(
        played.close_instruction(played.payout), place, pubkey=played.stranger.pubkey()
    )
    with played.refused(ProgramError.ACCOUNT_UNRELATED):
        played.send(instruction, signers=(played.payout,))


@pytest.mark.parametrize("place", [CREATOR, PLATFORM, HEIR])
def test_the_bot_cannot_be_passed_as_recipient(played, change_account, place):
    played.set_time(played.terms.closes_at)
    instruction = change_account(played.close_instruction(played.payout), place, pubkey=played.bot)
    with played.refused(ProgramError.DUPLICATE_ACCOUNT):
        played.send(instruction, signers=(played.payout,))


@pytest.mark.parametrize("place", [BOT, CREATOR, PLATFORM, HEIR])
def test_read_only_accounts_are_refused(played, change_account, place):
    played.set_time(played.terms.closes_at)
    instruction = change_account(played.close_instruction(played.payout), place, is_writable=False)
    with played.refused(ProgramError.ACCOUNT_NOT_WRITABLE):
        played.send(instruction, signers=(played.payout,))


def test_the_closer_has_to_sign(played, change_account):
    played.set_time(played.terms.closes_at + GRACE)
    instruction = change_account(played.close_instruction(played.payout), CLOSER, is_signer=False)
    with played.refused(ProgramError.SIGNATURE_MISSING):
        played.send(instruction, signers=())


@pytest.mark.parametrize("again", ["close", "record", "refund", "settle"])
def test_a_closed_bot_does_nothing_any_more(solved, again):
    instruction, *signers = {
        "close": (solved.close_instruction(solved.payout), solved.payout),
        "record": (solved.record_instruction(solved.alice, 10_000_000), solved.alice, solved.quote),
        "refund": (solved.refund_instruction(solved.bob.pubkey(), 2, 10_000_000), solved.payout),
        "settle": (solved.settle_instruction(solved.alice.pubkey(), 1, 2 * 10**9), solved.payout),
    }[again]
    solved.close()
    with solved.refused(ProgramError.BOT_GONE):
        solved.send(instruction, signers=tuple(signers))


def test_nothing_can_follow_in_the_transaction_that_closes(solved):
    """The account's data is gone at once, not at the end of the transaction."""
    revived = [solved.close_instruction(solved.payout), solved.close_instruction(solved.payout)]
    with solved.refused(ProgramError.BOT_GONE):
        solved.send(*revived, signers=(solved.payout,))


def test_the_id_of_a_closed_bot_can_be_founded_again(solved):
    """Only its founding key can, and it starts from nothing."""
    solved.close()
    solved.create()
    assert (solved.state.event_seq, solved.state.message_count) == (1, 0)
