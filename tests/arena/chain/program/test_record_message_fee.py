"""record_message_fee: the fee goes into the books, and the message gets its place."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.chain.errors import ProgramError
from arena.chain.events import MessageFeeRecorded

PLAYER, QUOTE, BOT, SYSTEM = range(4)


def shares(amount: int, pot_bps: int, creator_bps: int) -> tuple[int, int, int]:
    pot, creator = amount * pot_bps // 10_000, amount * creator_bps // 10_000
    return pot, creator, amount - pot - creator


def test_the_fee_is_split_into_the_books(bot):
    before, pot = bot.balance(bot.alice), bot.state.pot
    event = bot.record(bot.alice, 1_234_567).event
    state = bot.state
    assert before - bot.balance(bot.alice) == 1_234_567
    assert (event.pot_share, event.creator_share, event.platform_share) == shares(1_234_567, 7_000, 2_000)
    assert (state.pot - pot, state.creator_due, state.platform_due) == shares(1_234_567, 7_000, 2_000)
    assert bot.balance(bot.bot) == state.owed


def test_the_event_says_which_message_was_paid(bot):
    bot.set_time(bot.time + 7)
    event = bot.record(bot.alice, message_id=UUID(int=77), content_hash=b"h" * 32).event
    assert isinstance(event, MessageFeeRecorded)
    assert (event.message_id, event.content_hash, event.player) == (
        UUID(int=77),
        b"h" * 32,
        bot.alice.pubkey(),
    )
    assert (event.message_index, event.message_count, event.event_seq) == (1, 1, 2)
    assert (event.pot, event.recorded_at) == (bot.state.pot, bot.time)


def test_messages_are_numbered_in_the_order_of_their_payments(bot):
    events = [bot.record(player).event for player in (bot.alice, bot.bob, bot.alice)]
    assert [event.message_index for event in events] == [1, 2, 3]
    assert [event.event_seq for event in events] == [2, 3, 4]
    assert bot.state.last_player == bot.alice.pubkey()


def test_two_messages_fit_into_one_transaction(bot):
    receipt = bot.send(
        bot.record_instruction(bot.alice, 1_000_000),
        bot.record_instruction(bot.bob, 2_000_000),
        signers=(bot.alice, bot.bob, bot.quote),
    )
    assert [event.message_index for event in receipt.events] == [1, 2]


@pytest.mark.parametrize("amount", [1_000_000, 50_000_000])
def test_amounts_at_the_limits_are_taken(bot, amount):
    assert bot.record(bot.alice, amount).event.amount == amount


@pytest.mark.parametrize("amount", [0, 999_999, 50_000_001, 2**64 - 1])
def test_amounts_out_of_range_are_refused(bot, amount):
    with bot.refused(ProgramError.FEE_OUT_OF_RANGE):
        bot.record(bot.alice, amount)


@pytest.mark.parametrize("late", [0, 1, 10**6])
def test_a_quote_that_has_expired_is_refused(bot, late):
    with bot.refused(ProgramError.QUOTE_EXPIRED):
        bot.record(bot.alice, valid_until=bot.time - late)


def test_a_quote_is_good_until_its_last_second(bot):
    bot.record(bot.alice, valid_until=bot.time + 1)


def test_no_fee_is_taken_once_the_bot_has_to_close(bot):
    bot.set_time(bot.terms.closes_at - 1)
    bot.record(bot.alice)
    bot.set_time(bot.terms.closes_at)
    with bot.refused(ProgramError.BOT_EXPIRED):
        bot.record(bot.alice)


def test_no_fee_is_taken_by_a_solved_bot(bot):
    bot.record(bot.alice)
    bot.settle(bot.alice, 1, bot.state.pot)
    with bot.refused(ProgramError.BOT_NOT_OPEN):
        bot.record(bot.bob)


@pytest.mark.parametrize("place", [PLAYER, QUOTE])
def test_player_and_quote_key_have_to_sign(bot, change_account, place):
    instruction = change_account(bot.record_instruction(bot.alice, 1_000_000), place, is_signer=False)
    with bot.refused(ProgramError.SIGNATURE_MISSING):
        bot.send(instruction, signers=(bot.quote if place == PLAYER else bot.alice,))


def test_another_key_cannot_sign_for_the_quote_key(bot):
    for key in (bot.payout, bot.admin, bot.creator, Keypair()):
        with bot.refused(ProgramError.ACCOUNT_UNRELATED):
            bot.record(bot.alice, quote=key)


@pytest.mark.parametrize("place", [PLAYER, BOT])
def test_read_only_accounts_are_refused(bot, change_account, place):
    instruction = change_account(bot.record_instruction(bot.alice, 1_000_000), place, is_writable=False)
    with bot.refused(ProgramError.ACCOUNT_NOT_WRITABLE):
        bot.send(instruction, signers=(bot.alice, bot.quote))


def test_another_program_in_the_system_programs_place_is_refused(bot, change_account):
    instruction = change_account(bot.record_instruction(bot.alice, 1_000_000), SYSTEM, pubkey=bot.program_id)
    with bot.refused(ProgramError.NOT_THE_SYSTEM_PROGRAM):
        bot.send(instruction, signers=(bot.alice, bot.quote))


def test_a_wallet_that_holds_too_little_is_told_so(bot):
    bot.give(bot.stranger, 999_999)
    with bot.refused(ProgramError.INSUFFICIENT_FUNDS):
        bot.record(bot.stranger)


def test_a_payer_that_is_not_a_wallet_is_refused(bot):
    bot.put(bot.alice.pubkey(), Account(10**9, b"data", Pubkey.default()))
    with bot.refused(ProgramError.NOT_A_WALLET):
        bot.record(bot.alice)
    bot.put(bot.alice.pubkey(), Account(10**9, b"", bot.program_id))
    with bot.refused(ProgramError.NOT_A_WALLET):
        bot.record(bot.alice)


@pytest.mark.parametrize("book", ["pot", "creator_due", "platform_due", "message_count", "event_seq"])
def test_no_book_ever_overflows(bot, book):
    bot.forge(**{book: 2**64 - 1})
    with bot.refused(ProgramError.AMOUNT_OVERFLOW):
        bot.record(bot.alice)


def test_a_bot_that_owes_more_than_it_has_takes_no_money(bot):
    """Cannot happen; the check at the end of every instruction says so."""
    bot.forge(creator_due=1)
    with bot.refused(ProgramError.INSOLVENT):
        bot.record(bot.alice)


def test_dust_sent_to_the_bot_is_in_no_book(bot):
    bot.give(bot.bot, 12_345)
    bot.record(bot.alice)
    assert bot.balance(bot.bot) - bot.state.owed == 12_345


@pytest.fixture(scope="module")
def splitting():
    """Worlds are dear; the property below needs only one, whose terms it forges."""
    from collections.abc import Callable

    made = []

    def make(world_type: Callable):
        if not made:
            world = world_type()
            world.give(world.alice, 2**63)
            world.create(fee_cap=2**64 - 1)
            made.append(world)
        return made[0]

    return make


@settings(max_examples=150)
@given(
    amount=st.integers(890_880, 2**53) | st.integers(2**60, 2**61),
    pot_bps=st.integers(0, 10_000),
    part=st.integers(0, 10_000),
)
def test_the_split_is_exact_for_every_amount(splitting, request, amount, pot_bps, part):
    """Floor, floor and the rest, as with integers of any size; nothing overflows on the way."""
    bot = splitting(request.config.world_type)
    creator_bps = part * (10_000 - pot_bps) // 10_000
    bot.give(bot.alice, max(0, amount - bot.balance(bot.alice)))
    bot.put(bot.bot, bot.svm.get_account(bot.bot), lamports=10**10)
    bot.forge(
        pot_bps=pot_bps, creator_bps=creator_bps, fee_base=890_880, pot=10**9, creator_due=0, platform_due=0
    )
    event = bot.record(bot.alice, amount).event
    assert (event.pot_share, event.creator_share, event.platform_share) == shares(
        amount, pot_bps, creator_bps
    )
