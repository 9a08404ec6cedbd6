"""What every instruction checks before all else: is this a bot, is it ours, is it this one."""

import pytest
from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rent import Rent
from solders.transaction_status import TransactionErrorInsufficientFundsForRent

from arena.chain.accounts import BOT_SIZE
from arena.chain.artifacts import program_elf
from arena.chain.errors import ProgramError
from arena.chain.instructions import rotate_keys
from arena.chain.pda import bot_address
from arena.chain.program.interface import INSTRUCTIONS

WITH_BOT = [instruction.name for instruction in INSTRUCTIONS if instruction.name != "create_bot"]
EVERY = [instruction.name for instruction in INSTRUCTIONS]


def instruction_of(world, name):
    """A good instruction of that name for the world's bot, and who signs it."""
    match name:
        case "create_bot":
            return world.create_instruction(), (world.creator, world.quote)
        case "record_message_fee":
            return world.record_instruction(world.alice, 1_000_000), (world.alice, world.quote)
        case "settle_reward":
            return world.settle_instruction(world.alice.pubkey(), 1, world.state.pot), (world.payout,)
        case "refund_message_fee":
            return world.refund_instruction(world.alice.pubkey(), 1, world.paid[0]), (world.payout,)
        case "close_bot":
            world.set_time(world.terms.closes_at)
            return world.close_instruction(world.payout), (world.payout,)
        case "rotate_keys":
            keys = {"quote_key": Keypair().pubkey(), "payout_key": Keypair().pubkey()}
            instruction = rotate_keys(world.program_id, bot=world.bot, admin=world.admin.pubkey(), **keys)
            return instruction, (world.admin,)


def place_of_bot(name):
    (instruction,) = (instruction for instruction in INSTRUCTIONS if instruction.name == name)
    return [account.name for account in instruction.accounts].index("bot")


@pytest.fixture
def played(bot):
    bot.record(bot.alice)
    return bot


@pytest.fixture
def ready(request, world):
    """A world in which an instruction of any name would go through."""
    if request.getfixturevalue("name") != "create_bot":
        world.create()
        world.record(world.alice)
    return world


@pytest.mark.parametrize("name", EVERY)
def test_the_untouched_instruction_goes_through(ready, name):
    """Otherwise the refusals below would prove nothing."""
    instruction, signers = instruction_of(ready, name)
    assert len(ready.send(instruction, signers=signers).events) == 1


# ---- the bot's account ----


@pytest.mark.parametrize("name", WITH_BOT)
def test_a_perfect_copy_of_a_bot_under_another_program_is_refused(played, change_account, name):
    instruction, signers = instruction_of(played, name)
    played.put(played.bot, played.svm.get_account(played.bot), owner=Keypair().pubkey())
    with played.refused(ProgramError.ACCOUNT_FOREIGN):
        played.send(instruction, signers=signers)


@pytest.mark.parametrize("name", WITH_BOT)
def test_a_copy_of_a_bot_at_another_address_is_refused(played, change_account, name):
    instruction, signers = instruction_of(played, name)
    address = Keypair().pubkey()
    played.put(address, played.svm.get_account(played.bot))
    with played.refused(ProgramError.ADDRESS_NOT_DERIVED):
        played.send(change_account(instruction, place_of_bot(name), pubkey=address), signers=signers)


@pytest.mark.parametrize("name", WITH_BOT)
def test_a_wallet_is_no_bot(played, change_account, name):
    instruction, signers = instruction_of(played, name)
    for address, code in (
        (played.bob.pubkey(), ProgramError.ACCOUNT_FOREIGN),
        (Keypair().pubkey(), ProgramError.BOT_GONE),
    ):
        with played.refused(code):
            played.send(change_account(instruction, place_of_bot(name), pubkey=address), signers=signers)


@pytest.mark.parametrize("name", WITH_BOT)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ProgramError.DISCRIMINATOR_MISSING),
        (bytes(7), ProgramError.DISCRIMINATOR_MISSING),
        (bytes(BOT_SIZE), ProgramError.DISCRIMINATOR_MISMATCH),
        (bytes.fromhex("7a8803f1f38ac334"), ProgramError.ACCOUNT_MALFORMED),
        (bytes.fromhex("7a8803f1f38ac334") + b"\1" + bytes(BOT_SIZE - 10), ProgramError.ACCOUNT_MALFORMED),
        (bytes.fromhex("7a8803f1f38ac334") + b"\1" + bytes(BOT_SIZE - 8), ProgramError.ACCOUNT_MALFORMED),
        (bytes.fromhex("7a8803f1f38ac334") + b"\2" + bytes(BOT_SIZE - 9), ProgramError.VERSION_UNSUPPORTED),
        (bytes.fromhex("7a8803f1f38ac334") + b"\1" + bytes(BOT_SIZE - 9), ProgramError.ADDRESS_NOT_DERIVED),
    ],
)
def test_an_account_of_ours_with_other_contents_is_refused(played, name, data, code):
    instruction, signers = instruction_of(played, name)
    played.put(played.bot, Account(10**10, data, played.program_id))
    with pytest.raises(played.Refused) as refusal:
        played.send(instruction, signers=signers)
    assert refusal.value.code is code


@pytest.mark.parametrize("name", WITH_BOT)
def test_the_seeds_of_another_bot_are_refused(played, name):
    instruction, signers = instruction_of(played, name)
    played.forge(founding_key=played.stranger.pubkey())
    with played.refused(ProgramError.ADDRESS_NOT_DERIVED):
        played.send(instruction, signers=signers)


def test_one_bot_cannot_be_played_at_anothers_expense(played):
    """Another arena's bot on the same program: its keys are good for its own bots only."""
    quote, payout = Keypair(), Keypair()
    theirs = bot_address(played.program_id, quote.pubkey(), played.bot_id)
    create = played.create_instruction(quote_key=quote.pubkey(), payout_key=payout.pubkey())
    played.send(create, signers=(played.creator, quote))
    with played.refused(ProgramError.ACCOUNT_UNRELATED):
        played.settle(played.stranger, 1, played.terms.initial_pot, payout=payout)
    with played.refused(ProgramError.ACCOUNT_UNRELATED):
        played.record(played.alice, bot=theirs)


# ---- the form of an instruction ----


@pytest.mark.parametrize("name", EVERY)
def test_an_account_too_few_or_too_many_is_refused(ready, name):
    instruction, signers = instruction_of(ready, name)
    signing = {signer.pubkey() for signer in signers}
    for accounts, code in (
        (instruction.accounts[:-1], ProgramError.ACCOUNTS_MISSING),
        ([], ProgramError.ACCOUNTS_MISSING),
        (
            [*instruction.accounts, AccountMeta(ready.bob.pubkey(), False, False)],
            ProgramError.TOO_MANY_ACCOUNTS,
        ),
        (
            [*instruction.accounts, *(AccountMeta(Keypair().pubkey(), False, False) for _ in range(20))],
            ProgramError.TOO_MANY_ACCOUNTS,
        ),
    ):
        needed = signing & {meta.pubkey for meta in accounts}
        with ready.refused(code):
            ready.send(
                Instruction(ready.program_id, instruction.data, accounts),
                signers=tuple(signer for signer in signers if signer.pubkey() in needed),
            )


@pytest.mark.parametrize("name", EVERY)
def test_arguments_of_another_length_are_refused(ready, name):
    instruction, signers = instruction_of(ready, name)
    for data in (instruction.data[:8], instruction.data[:-1], instruction.data + b"\0"):
        with ready.refused(ProgramError.INSTRUCTION_MALFORMED):
            ready.send(Instruction(ready.program_id, data, instruction.accounts), signers=signers)


@pytest.mark.parametrize("data", [b"", b"\0", bytes(7), bytes(8), b"\xff" * 8, bytes(500)])
def test_an_unknown_instruction_is_refused(played, data):
    with played.refused(ProgramError.INSTRUCTION_UNKNOWN):
        played.send(Instruction(played.program_id, data, []), signers=())


@pytest.mark.parametrize("name", EVERY)
def test_the_same_account_in_every_place_is_refused(ready, name):
    """Whatever the program takes for payer, bot and recipient is then one account."""
    instruction, _ = instruction_of(ready, name)
    for address in (ready.bot, ready.alice.pubkey()):
        accounts = [AccountMeta(address, address != ready.bot, True) for _ in instruction.accounts]
        with pytest.raises(ready.Refused) as refusal:
            ready.send(
                Instruction(ready.program_id, instruction.data, accounts),
                signers=() if address == ready.bot else (ready.alice,),
            )
        assert refusal.value.code is not None


# ---- the cluster ----


def test_a_bot_outlives_a_rise_of_the_rent(played):
    """The books count the rent that was paid at the time, so no price of the cluster turns a pot into rent.

    The cluster itself would not let the account fall below its new minimum; anybody may make it up.
    """
    played.record(played.bob, 3_000_000)
    played.svm.set_rent(Rent(lamports_per_byte_year=34_800, exemption_threshold=2.0, burn_percent=50))
    assert played.refund(played.bob, 2).event.delivered is True
    with pytest.raises(played.Refused) as refusal:
        played.settle(played.alice, 1, played.state.pot)
    assert isinstance(refusal.value.error, TransactionErrorInsufficientFundsForRent)
    played.give(
        played.bot, played.svm.minimum_balance_for_rent_exemption(BOT_SIZE) - played.state.rent_reserve
    )
    played.settle(played.alice, 1, played.state.pot)
    played.give(played.platform, played.svm.minimum_balance_for_rent_exemption(0))
    assert played.close().event.surplus == 9 * 4_510_080


def test_the_program_can_be_used_under_any_address(world):
    """Nothing of the address is compiled in."""
    world.program_id = Keypair().pubkey()
    world.svm.add_program(world.program_id, program_elf())
    world.bot = bot_address(world.program_id, world.quote.pubkey(), world.bot_id)
    world.create()
    world.record(world.alice)
    world.settle(world.alice, 1, world.state.pot)
    world.close()
    assert world.svm.get_account(world.bot).owner == Pubkey.default()
