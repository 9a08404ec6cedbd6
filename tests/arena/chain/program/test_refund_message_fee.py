"""refund_message_fee: once, in order, out of the books that the fee went into."""

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.artifacts import program_elf
from arena.chain.errors import ProgramError
from arena.chain.events import MessageFeeRefunded

PAYOUT, BOT, PLAYER = range(3)


@pytest.fixture
def played(bot):
    """Three messages at odd prices: alice, bob, alice."""
    for player, amount in ((bot.alice, 1_234_567), (bot.bob, 2_000_003), (bot.alice, 3_999_999)):
        bot.record(player, amount)
    return bot


def test_a_refund_undoes_the_fee(played):
    before, books = played.balance(played.bob), played.state
    event = played.refund(played.bob, 2).event
    after = played.state
    assert isinstance(event, MessageFeeRefunded)
    assert played.balance(played.bob) - before == 2_000_003 == event.amount
    assert books.pot - after.pot == event.pot_share == 1_400_002
    assert books.creator_due - after.creator_due == event.creator_share == 400_000
    assert books.platform_due - after.platform_due == event.platform_share == 200_001
    assert (event.delivered, event.message_index, event.player) == (True, 2, played.bob.pubkey())
    assert (after.message_count, after.refund_cursor, after.refund_count) == (3, 2, 1)
    assert played.balance(played.bot) == after.owed


def test_all_refunds_together_leave_what_was_there_before(bot):
    books = bot.state
    for amount in (1_000_001, 1_999_999, 49_999_999):
        bot.record(bot.alice, amount)
    for index in (1, 2, 3):
        bot.refund(bot.alice, index)
    after = bot.state
    assert (after.pot, after.creator_due, after.platform_due, after.owed) == (books.pot, 0, 0, books.owed)


def test_a_message_is_refunded_once(played):
    played.refund(played.bob, 2)
    with played.refused(ProgramError.ALREADY_REFUNDED):
        played.refund(played.bob, 2)


def test_refunds_come_in_order(played):
    played.refund(played.alice, 3)
    for index in (1, 2):
        with played.refused(ProgramError.ALREADY_REFUNDED):
            played.refund(played.alice, index)


@pytest.mark.parametrize("index", [0, 4, 2**64 - 1])
def test_only_a_message_that_was_paid_is_refunded(played, index):
    with played.refused(ProgramError.MESSAGE_INDEX_OUT_OF_RANGE):
        played.refund(played.alice, index, 1_000_000)


@pytest.mark.parametrize("amount", [0, 999_999, 50_000_001, 2**64 - 1])
def test_an_amount_that_no_fee_can_have_is_refused(played, amount):
    with played.refused(ProgramError.FEE_OUT_OF_RANGE):
        played.refund(played.alice, 1, amount)


def test_a_refund_never_takes_from_the_initial_pot(played):
    """More than all fees together: pot and dues are short, though the pot as such would do."""
    with played.refused(ProgramError.REFUND_EXCEEDS_BOOKS):
        played.refund(played.alice, 1, 20_000_000)


@pytest.mark.parametrize("book", ["creator_due", "platform_due"])
def test_a_refund_never_takes_from_another_book(played, book):
    played.forge(**{book: 1})
    with played.refused(ProgramError.REFUND_EXCEEDS_BOOKS):
        played.refund(played.alice, 1)


def test_a_fee_paid_after_the_solution_is_refunded_out_of_the_pot(played):
    late = played.record(played.bob, 5_000_000).event
    played.settle(played.alice, 3, played.state.pot - late.pot_share)
    played.refund(played.bob, 4)
    assert played.state.pot == 0
    with played.refused(ProgramError.ALREADY_REFUNDED):
        played.refund(played.bob, 4)


def test_after_the_solution_a_refund_is_bounded_by_the_late_fees(played):
    late = played.record(played.bob, 5_000_000).event
    played.settle(played.alice, 3, played.state.pot - late.pot_share)
    with played.refused(ProgramError.REFUND_EXCEEDS_BOOKS):
        played.refund(played.bob, 4, 5_000_002)


def test_refunds_are_paid_past_the_closing_time(played):
    played.set_time(played.terms.closes_at + 1)
    played.refund(played.alice, 1)


def test_an_emptied_wallet_can_be_refunded(played):
    played.empty(played.bob)
    played.refund(played.bob, 2)
    assert played.balance(played.bob) == 2_000_003


def test_an_undeliverable_refund_is_set_aside_and_holds_up_nobody(played):
    wallet = Keypair().pubkey()
    played.put(wallet, Account(1, bytes(200_000), Pubkey.default()))
    before = played.balance(played.bot)
    event = played.refund(wallet, 1).event
    assert event.delivered is False
    assert (played.state.unclaimed, played.balance(wallet), played.balance(played.bot)) == (
        1_234_567,
        1,
        before,
    )
    assert played.refund(played.bob, 2).event.delivered is True
    assert played.state.unclaimed == 1_234_567


def test_a_refund_that_just_makes_the_wallet_rent_exempt_is_delivered(played):
    wallet, data = Keypair().pubkey(), bytes(1_000)
    minimum = played.svm.minimum_balance_for_rent_exemption(len(data))
    played.put(wallet, Account(minimum - 1_234_568, data, Pubkey.default()))
    assert played.refund(wallet, 1).event.delivered is False
    played.put(wallet, Account(minimum - 2_000_003, data, Pubkey.default()))
    assert played.refund(wallet, 2).event.delivered is True


def test_a_program_is_no_wallet_to_refund_to(played):
    program = Keypair().pubkey()
    played.svm.add_program(program, program_elf())
    assert played.refund(program, 1).event.delivered is False


def test_the_bot_cannot_be_refunded_itself(played):
    with played.refused(ProgramError.DUPLICATE_ACCOUNT):
        played.refund(played.bot, 1)


def test_only_the_payout_key_refunds(played):
    for key in (played.quote, played.admin, played.creator, played.alice):
        with played.refused(ProgramError.ACCOUNT_UNRELATED):
            played.refund(played.alice, 1, payout=key)


def test_the_payout_key_has_to_sign(played, change_account):
    instruction = played.refund_instruction(played.alice.pubkey(), 1, 1_234_567)
    with played.refused(ProgramError.SIGNATURE_MISSING):
        played.send(change_account(instruction, PAYOUT, is_signer=False), signers=())


@pytest.mark.parametrize("place", [BOT, PLAYER])
def test_read_only_accounts_are_refused(played, change_account, place):
    instruction = played.refund_instruction(played.alice.pubkey(), 1, 1_234_567)
    with played.refused(ProgramError.ACCOUNT_NOT_WRITABLE):
        played.send(change_account(instruction, place, is_writable=False), signers=(played.payout,))
