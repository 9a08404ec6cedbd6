"""settle_reward: the winner is paid once, and the bot takes no more messages."""

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.accounts import BotStatus
from arena.chain.errors import ProgramError
from arena.chain.events import RewardSettled

PAYOUT, BOT, WINNER = range(3)


@pytest.fixture
def played(bot):
    """Three messages: alice, bob, alice."""
    for player in (bot.alice, bot.bob, bot.alice):
        bot.record(player, 3_000_000)
    return bot


def test_the_winner_gets_the_reward_and_the_bot_is_solved(played):
    before, reward = played.balance(played.bob), played.state.pot - 2_100_000
    event = played.settle(played.bob, 2, reward).event
    assert played.balance(played.bob) - before == reward
    assert isinstance(event, RewardSettled)
    assert (event.winner, event.message_index, event.reward) == (played.bob.pubkey(), 2, reward)
    assert event.proof == bytes(range(32, 64))
    assert (event.pot, event.message_count, event.event_seq) == (2_100_000, 3, 5)
    state = played.state
    assert (state.status, state.winner, state.pot) == (BotStatus.SOLVED, played.bob.pubkey(), 2_100_000)
    assert (state.creator_due, state.platform_due) == (1_800_000, 900_000)


def test_the_whole_pot_can_be_the_reward(played):
    played.settle(played.alice, 3, played.state.pot)
    assert played.state.pot == 0


def test_an_empty_wallet_can_win(played):
    winner = Keypair()
    played.settle(winner, 1, played.terms.initial_pot)
    assert played.balance(winner) == played.terms.initial_pot


def test_a_bot_is_settled_once(played):
    played.settle(played.alice, 1, played.terms.initial_pot)
    with played.refused(ProgramError.BOT_NOT_OPEN):
        played.settle(played.alice, 1, played.terms.initial_pot)


def test_what_the_reward_is_made_of_cannot_be_refunded_any_more(played):
    played.settle(played.bob, 2, played.terms.initial_pot + 4_200_000)
    assert played.state.refund_cursor == 2
    for index in (1, 2):
        with played.refused(ProgramError.ALREADY_REFUNDED):
            played.refund(played.alice, index)
    played.refund(played.alice, 3)


def test_a_refund_after_the_winning_message_stays_refunded(played):
    played.refund(played.alice, 3)
    played.settle(played.bob, 2, played.state.pot)
    assert played.state.refund_cursor == 3


def test_a_refunded_message_cannot_win(played):
    played.refund(played.bob, 2)
    with played.refused(ProgramError.WINNER_REFUNDED):
        played.settle(played.bob, 2, played.terms.initial_pot)


@pytest.mark.parametrize("index", [0, 4, 2**64 - 1])
def test_only_a_message_that_was_paid_can_win(played, index):
    with played.refused(ProgramError.MESSAGE_INDEX_OUT_OF_RANGE):
        played.settle(played.alice, index, played.terms.initial_pot)


def test_a_bot_that_nobody_played_cannot_be_settled(bot):
    for index in (0, 1):
        with bot.refused(ProgramError.MESSAGE_INDEX_OUT_OF_RANGE):
            bot.settle(bot.alice, index, bot.terms.initial_pot)


def test_a_reward_is_at_least_the_initial_pot_and_at_most_the_pot(played):
    for reward in (0, played.terms.initial_pot - 1, played.state.pot + 1, 2**64 - 1):
        with played.refused(ProgramError.REWARD_OUT_OF_RANGE):
            played.settle(played.alice, 1, reward)


def test_the_bot_cannot_win_itself(played):
    with played.refused(ProgramError.DUPLICATE_ACCOUNT):
        played.settle(played.bot, 1, played.terms.initial_pot)


def test_only_the_payout_key_settles(played):
    for key in (played.quote, played.admin, played.creator, played.stranger):
        with played.refused(ProgramError.ACCOUNT_UNRELATED):
            played.settle(played.alice, 1, played.terms.initial_pot, payout=key)


def test_the_payout_key_has_to_sign(played, change_account):
    instruction = played.settle_instruction(played.alice.pubkey(), 1, played.terms.initial_pot)
    with played.refused(ProgramError.SIGNATURE_MISSING):
        played.send(change_account(instruction, PAYOUT, is_signer=False), signers=())


@pytest.mark.parametrize("place", [BOT, WINNER])
def test_read_only_accounts_are_refused(played, change_account, place):
    instruction = played.settle_instruction(played.alice.pubkey(), 1, played.terms.initial_pot)
    with played.refused(ProgramError.ACCOUNT_NOT_WRITABLE):
        played.send(change_account(instruction, place, is_writable=False), signers=(played.payout,))


def test_a_winner_who_cannot_hold_the_reward_can_put_that_right(played):
    """Nothing changes until the wallet can receive: the reward must not end up with somebody else."""
    winner, large = Keypair().pubkey(), bytes(200_000)
    played.put(winner, Account(1, large, Pubkey.default()))
    with played.refused(ProgramError.REWARD_UNDELIVERABLE):
        played.settle(winner, 1, played.state.pot)
    played.put(
        winner, Account(played.svm.minimum_balance_for_rent_exemption(len(large)), large, Pubkey.default())
    )
    played.settle(winner, 1, played.state.pot)


def test_the_winner_may_have_any_role(played):
    """Passed twice is harmless as long as it is not the bot: duplicates share one balance."""
    played.settle(played.payout, 1, played.terms.initial_pot)
    assert played.balance(played.payout) == played.terms.initial_pot


def test_no_balance_ever_overflows(played):
    played.give(played.stranger, 2**64 - 1 - played.terms.initial_pot)
    with played.refused(ProgramError.AMOUNT_OVERFLOW):
        played.settle(played.stranger, 1, played.terms.initial_pot + 1)
