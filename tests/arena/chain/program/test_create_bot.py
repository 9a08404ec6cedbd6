"""create_bot: a bot opens with exactly its terms, or not at all."""

from dataclasses import fields
from uuid import UUID

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rent import Rent
from solders.sysvar import CLOCK

from arena.chain.accounts import BOT_SIZE, BotStatus, ExpiryRule
from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.errors import ProgramError
from arena.chain.events import BotCreated
from arena.chain.pda import bot_address

CREATOR, QUOTE, PAYOUT, ADMIN, PLATFORM, BOT, SYSTEM = range(7)


def test_the_creator_pays_rent_and_pot_and_nothing_else(world):
    before = world.balance(world.creator)
    receipt = world.create()
    rent = world.svm.minimum_balance_for_rent_exemption(BOT_SIZE)
    assert before - world.balance(world.creator) == rent + world.terms.initial_pot
    assert world.balance(world.bot) == rent + world.terms.initial_pot == world.state.owed
    assert world.state.rent_reserve == rent
    assert isinstance(receipt.event, BotCreated)


def test_the_account_holds_the_terms(world):
    event = world.create().event
    state, terms = world.state, world.terms
    for field in fields(terms):
        assert getattr(state, field.name) == getattr(terms, field.name) == getattr(event, field.name), (
            field.name
        )
    shared = {field.name for field in fields(state)} & {field.name for field in fields(event)}
    assert {"creator", "founding_key", "quote_key", "payout_key", "admin", "platform", "bot_id"} < shared
    for name in shared:
        assert getattr(state, name) == getattr(event, name), name
    assert state.status is BotStatus.OPEN
    assert (state.creator, state.admin) == (world.creator.pubkey(), world.admin.pubkey())
    assert state.founding_key == state.quote_key == world.quote.pubkey()
    assert (state.pot, state.event_seq, state.message_count) == (terms.initial_pot, 1, 0)
    assert (state.last_player, state.winner) == (None, None)
    assert event.bot == bot_address(world.program_id, event.founding_key, event.bot_id) == world.bot


@pytest.mark.parametrize("rule", ExpiryRule)
def test_both_expiry_rules_are_stored(world, rule):
    world.create(expiry_rule=rule)
    assert world.state.expiry_rule is rule


@pytest.mark.parametrize("ahead", [1, 890_880, 4_510_080, 5_000_000_000])
def test_lamports_sent_ahead_cannot_block_a_bot_and_count_towards_the_rent(world, ahead):
    world.give(world.bot, ahead)
    before = world.balance(world.creator)
    world.create()
    rent = world.state.rent_reserve
    assert before - world.balance(world.creator) == max(0, rent - ahead) + world.terms.initial_pot
    assert world.balance(world.bot) == max(rent, ahead) + world.terms.initial_pot
    assert world.state.pot == world.terms.initial_pot


def test_an_id_can_be_taken_once(bot):
    with bot.refused(ProgramError.BOT_EXISTS):
        bot.create(initial_pot=2_000_000_000)


def test_an_id_cannot_be_taken_by_another_creator(bot):
    instruction = bot.create_instruction(creator=bot.alice.pubkey())
    with bot.refused(ProgramError.BOT_EXISTS):
        bot.send(instruction, signers=(bot.alice, bot.quote))


def test_the_same_id_under_another_founding_key_is_another_bot(bot):
    other = Keypair()
    bot.send(bot.create_instruction(quote_key=other.pubkey()), signers=(bot.creator, other))
    assert bot.balance(bot_address(bot.program_id, other.pubkey(), bot.bot_id)) == bot.balance(bot.bot)


@pytest.mark.parametrize("place", [CREATOR, QUOTE])
def test_creator_and_quote_key_have_to_sign(world, change_account, place):
    signer = world.quote if place == CREATOR else world.creator
    instruction = change_account(world.create_instruction(), place, is_signer=False)
    with world.refused(ProgramError.SIGNATURE_MISSING):
        world.send(instruction, signers=(signer,))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (CREATOR, ProgramError.ACCOUNT_NOT_WRITABLE),
        (BOT, ProgramError.ACCOUNT_NOT_WRITABLE),
        (PLATFORM, ProgramError.PLATFORM_INVALID),
    ],
)
def test_read_only_accounts_are_refused(world, change_account, place, code):
    instruction = change_account(world.create_instruction(), place, is_writable=False)
    with world.refused(code):
        world.send(instruction, signers=(world.creator, world.quote))


@pytest.mark.parametrize("platform", [Pubkey.default(), CLOCK, DEFAULT_PROGRAM_ID])
def test_a_platform_that_nobody_can_pay_is_refused(world, platform):
    """The runtime makes programs and sysvars read-only, whatever a transaction says."""
    with world.refused(ProgramError.PLATFORM_INVALID):
        world.create(platform=platform)


def test_a_platform_that_is_not_a_wallet_is_refused(world):
    world.put(world.platform.pubkey(), Account(10**9, b"data", Pubkey.default()))
    with world.refused(ProgramError.PLATFORM_INVALID):
        world.create()


def test_a_platform_that_is_still_empty_is_accepted(world):
    world.empty(world.platform)
    world.create()


def test_the_bot_as_its_own_platform_is_refused(world):
    with world.refused(ProgramError.DUPLICATE_ACCOUNT):
        world.create(platform=world.bot)


def test_another_address_than_the_derived_one_is_refused(world, change_account):
    for address in (
        world.stranger.pubkey(),
        bot_address(world.program_id, world.quote.pubkey(), UUID(int=9)),
    ):
        instruction = change_account(world.create_instruction(), BOT, pubkey=address)
        with world.refused(ProgramError.ADDRESS_NOT_DERIVED):
            world.send(instruction, signers=(world.creator, world.quote))


def test_another_program_in_the_system_programs_place_is_refused(world, change_account):
    instruction = change_account(world.create_instruction(), SYSTEM, pubkey=world.program_id)
    with world.refused(ProgramError.NOT_THE_SYSTEM_PROGRAM):
        world.send(instruction, signers=(world.creator, world.quote))


def test_keys_have_to_be_set_and_distinct(world):
    for changes in (
        {"payout_key": world.quote.pubkey()},
        {"payout_key": Pubkey.default()},
        {"admin": Pubkey.default()},
    ):
        with world.refused(ProgramError.KEYS_INVALID):
            world.create(**changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fee_base": 890_879}, ProgramError.FEE_TERMS_INVALID),
        ({"fee_base": 0}, ProgramError.FEE_TERMS_INVALID),
        ({"fee_base": 2_000_000, "fee_cap": 1_999_999}, ProgramError.FEE_TERMS_INVALID),
        ({"fee_growth_bps": 10_001}, ProgramError.FEE_TERMS_INVALID),
        ({"fee_growth_bps": 2**32 - 1}, ProgramError.FEE_TERMS_INVALID),
        ({"pot_bps": 8_001}, ProgramError.SPLIT_INVALID),
        ({"pot_bps": 65_535, "creator_bps": 65_535}, ProgramError.SPLIT_INVALID),
        ({"pot_bps": 0, "creator_bps": 10_001}, ProgramError.SPLIT_INVALID),
        ({"initial_pot": 890_879}, ProgramError.INITIAL_POT_TOO_SMALL),
        ({"initial_pot": 0}, ProgramError.INITIAL_POT_TOO_SMALL),
        ({"initial_pot": 2**64 - 1}, ProgramError.AMOUNT_OVERFLOW),
        ({"initial_pot": 101_000_000_000}, ProgramError.INSUFFICIENT_FUNDS),
        ({"closes_at": 1_700_000_000}, ProgramError.CLOSES_AT_INVALID),
        ({"closes_at": -1}, ProgramError.CLOSES_AT_INVALID),
        ({"closes_at": -(2**63)}, ProgramError.CLOSES_AT_INVALID),
        ({"closes_at": 1_700_000_000 + 731 * 86_400 + 1}, ProgramError.CLOSES_AT_INVALID),
        ({"closes_at": 2**63 - 1}, ProgramError.CLOSES_AT_INVALID),
        ({"expiry_rule": 2}, ProgramError.EXPIRY_RULE_INVALID),
    ],
)
def test_terms_out_of_range_are_refused(world, changes, code):
    with world.refused(code):
        world.create(**changes)
    assert world.balance(world.bot) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"fee_base": 890_880, "initial_pot": 890_880},
        {"fee_base": 2_000_000, "fee_cap": 2_000_000},
        {"fee_cap": 2**64 - 1},
        {"fee_growth_bps": 0},
        {"fee_growth_bps": 10_000},
        {"pot_bps": 10_000, "creator_bps": 0},
        {"pot_bps": 0, "creator_bps": 10_000},
        {"pot_bps": 0, "creator_bps": 0},
        {"closes_at": 1_700_000_001},
        {"closes_at": 1_700_000_000 + 731 * 86_400},
        {"idle_after": 0, "idle_min_messages": 2**64 - 1},
    ],
)
def test_terms_at_their_limits_are_accepted(world, changes):
    world.create(**changes)
    assert all(getattr(world.state, name) == value for name, value in changes.items())


def test_a_payer_that_is_not_a_wallet_is_refused(world):
    world.put(world.creator.pubkey(), Account(100 * 10**9, b"data", Pubkey.default()))
    with world.refused(ProgramError.NOT_A_WALLET):
        world.create()


@pytest.mark.parametrize(
    ("price", "threshold", "wallet_minimum"),
    [
        (3_480, 2.0, 890_880),
        (6_960, 1.0, 890_880),
        (6_960, 0.5, 445_440),
        (348, 2.0, 89_088),
        (3_480, 1.5, 890_880),
    ],
)
def test_the_rent_is_that_of_the_cluster(world, price, threshold, wallet_minimum):
    """Clusters are about to change price and threshold; what is no power of two is rounded up."""
    world.svm.set_rent(Rent(lamports_per_byte_year=price, exemption_threshold=threshold, burn_percent=50))
    with world.refused(ProgramError.FEE_TERMS_INVALID):
        world.create(fee_base=wallet_minimum - 1)
    world.create(fee_base=wallet_minimum)
    assert world.state.rent_reserve == wallet_minimum // 128 * (128 + BOT_SIZE)
    assert world.state.rent_reserve >= world.svm.minimum_balance_for_rent_exemption(BOT_SIZE)
