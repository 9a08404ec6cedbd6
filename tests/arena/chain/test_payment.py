"""Paying for a message and opening a bot: what is quoted, and how what comes back may not differ from it.

How a signed transaction is taken apart in general is in test_cosigning.py.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any
from uuid import UUID

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction, VersionedTransaction

from arena.chain.accounts import ExpiryRule
from arena.chain.client import Blockhash
from arena.chain.compute_budget import COMPUTE_BUDGET
from arena.chain.instructions import BotTerms, create_bot, record_message_fee, settle_reward
from arena.chain.own_transactions import own_transaction
from arena.chain.payment import (
    CreateQuote,
    FeeQuote,
    PaymentRefused,
    check_create_transaction,
    check_fee_transaction,
    cosign,
    create_transaction,
    fee_transaction,
)
from arena.chain.pda import bot_address
from arena.chain.signer import Signer

PROGRAM = Pubkey.from_bytes(bytes([9] * 32))
PLAYER, QUOTE_KEY, STRANGER = (Keypair.from_seed(bytes([number] * 32)) for number in (1, 2, 3))
PAYOUT_KEY, ADMIN, PLATFORM = (Pubkey.from_bytes(bytes([number] * 32)) for number in (4, 5, 6))
BOT_ID = UUID(int=7)
BOT = bot_address(PROGRAM, QUOTE_KEY.pubkey(), BOT_ID)
BLOCKHASH = Hash.from_bytes(bytes([21] * 32))

FEE = FeeQuote(
    bot_id=BOT_ID,
    bot=BOT,
    player=PLAYER.pubkey(),
    quote_key=QUOTE_KEY.pubkey(),
    message_id=UUID(int=8),
    content_hash=bytes([7] * 32),
    amount=1_500_000,
    valid_until=1_800_000_000,
    blockhash=BLOCKHASH,
    last_valid_block_height=400,
)
TERMS = BotTerms(
    objective_hash=bytes([1] * 32),
    fee_base=1_000_000,
    fee_growth_bps=100,
    fee_cap=10_000_000,
    pot_bps=7_000,
    creator_bps=2_000,
    initial_pot=50_000_000,
    closes_at=1_900_000_000,
    idle_after=86_400,
    idle_min_messages=3,
    expiry_rule=ExpiryRule.CREATOR,
)
CREATE = CreateQuote(
    bot_id=BOT_ID,
    creator=PLAYER.pubkey(),
    quote_key=QUOTE_KEY.pubkey(),
    payout_key=PAYOUT_KEY,
    admin=ADMIN,
    platform=PLATFORM,
    terms=TERMS,
    blockhash=BLOCKHASH,
    last_valid_block_height=400,
)


def wallet_signs(unsigned: bytes, wallet: Keypair = PLAYER) -> bytes:
    """What an honest wallet does with what it is given."""
    message = VersionedTransaction.from_bytes(unsigned).message
    assert isinstance(message, Message)
    transaction = Transaction.new_unsigned(message)
    transaction.partial_sign([wallet], message.recent_blockhash)
    return bytes(transaction)


def signed(*instructions: Instruction) -> bytes:
    message = Message.new_with_blockhash(list(instructions), PLAYER.pubkey(), BLOCKHASH)
    return wallet_signs(bytes(Transaction.new_unsigned(message)))


def fee_instruction(**changes: Any) -> Instruction:
    terms = {
        "bot": FEE.bot,
        "player": FEE.player,
        "quote_key": FEE.quote_key,
        "message_id": FEE.message_id,
        "content_hash": FEE.content_hash,
        "amount": FEE.amount,
        "valid_until": FEE.valid_until,
        **changes,
    }
    return record_message_fee(PROGRAM, **terms)


def with_account(instruction: Instruction, place: int, key: Pubkey, *, signs: bool = False) -> Instruction:
    accounts = list(instruction.accounts)
    accounts[place] = AccountMeta(key, signs, accounts[place].is_writable)
    return Instruction(instruction.program_id, bytes(instruction.data), accounts)


def refusal(transaction: bytes, quote: FeeQuote | CreateQuote = FEE) -> str:
    check: Any = check_fee_transaction if isinstance(quote, FeeQuote) else check_create_transaction
    with pytest.raises(PaymentRefused) as caught:
        check(PROGRAM, quote, transaction)
    assert caught.value.detail.endswith(".")
    return caught.value.code


def test_a_fee_is_quoted_signed_checked_and_cosigned() -> None:
    transaction = wallet_signs(fee_transaction(PROGRAM, FEE))
    checked = check_fee_transaction(PROGRAM, FEE, transaction)
    assert checked.transaction == transaction
    complete = VersionedTransaction.from_bytes(cosign(transaction, Signer(QUOTE_KEY)))
    assert complete.verify_with_results() == [True, True]
    assert Signature.from_string(checked.signature) == complete.signatures[0]


def test_the_quoted_fee_transaction_is_not_signed_by_us() -> None:
    transaction = VersionedTransaction.from_bytes(fee_transaction(PROGRAM, FEE))
    assert transaction.signatures == [Signature.default()] * 2
    assert transaction.message.account_keys[0] == FEE.player


ALTERED = {
    "less money": ("amount_mismatch", fee_instruction(amount=FEE.amount - 1)),
    "more money": ("amount_mismatch", fee_instruction(amount=FEE.amount + 1)),
    "no money": ("amount_mismatch", fee_instruction(amount=0)),
    "other bot": ("bot_mismatch", fee_instruction(bot=bot_address(PROGRAM, QUOTE_KEY.pubkey(), UUID(int=9)))),
    "other message": ("message_mismatch", fee_instruction(message_id=UUID(int=9))),
    "other text": ("content_hash_mismatch", fee_instruction(content_hash=bytes(32))),
    "valid longer": ("valid_until_mismatch", fee_instruction(valid_until=FEE.valid_until + 1)),
    "valid for ever": ("valid_until_mismatch", fee_instruction(valid_until=2**63 - 1)),
    "other key of ours": ("signer_unexpected", fee_instruction(quote_key=STRANGER.pubkey())),
    "for another wallet that signs": (
        "signer_unexpected",
        with_account(fee_instruction(), 0, STRANGER.pubkey(), signs=True),
    ),
    "for another wallet that does not sign": (
        "player_mismatch",
        with_account(fee_instruction(), 0, STRANGER.pubkey()),
    ),
    "our key as the player": ("signer_unexpected", with_account(fee_instruction(), 0, QUOTE_KEY.pubkey())),
    "other system program": ("instruction_mismatch", with_account(fee_instruction(), 3, PLATFORM)),
    "trailing data": (
        "instruction_mismatch",
        Instruction(PROGRAM, bytes(fee_instruction().data) + b"\x00", fee_instruction().accounts),
    ),
    "cut data": (
        "instruction_mismatch",
        Instruction(PROGRAM, bytes(fee_instruction().data)[:-1], fee_instruction().accounts),
    ),
    "no data": ("instruction_mismatch", Instruction(PROGRAM, b"", fee_instruction().accounts)),
    "another account": (
        "instruction_mismatch",
        Instruction(
            PROGRAM,
            bytes(fee_instruction().data),
            [*fee_instruction().accounts, AccountMeta(PLATFORM, False, True)],
        ),
    ),
    "another instruction of the program": (
        "instruction_mismatch",
        settle_reward(
            PROGRAM,
            bot=BOT,
            payout_key=QUOTE_KEY.pubkey(),
            winner=PLAYER.pubkey(),
            message_index=1,
            reward=1,
            proof=bytes(32),
        ),
    ),
}


@pytest.mark.parametrize("name", ALTERED)
def test_a_fee_that_differs_from_its_quote_is_refused_with_what_differs(name: str) -> None:
    code, instruction = ALTERED[name]
    assert refusal(signed(instruction)) == code


def test_a_fee_signed_for_one_quote_pays_for_no_other() -> None:
    transaction = wallet_signs(fee_transaction(PROGRAM, FEE))
    changes: dict[str, Any] = {
        "bot": PLATFORM,
        "player": STRANGER.pubkey(),
        "quote_key": STRANGER.pubkey(),
        "message_id": UUID(int=9),
        "content_hash": bytes(32),
        "amount": 1,
        "valid_until": 1,
        "blockhash": Hash.default(),
    }
    assert {*changes, "bot_id", "last_valid_block_height"} == {field.name for field in fields(FeeQuote)}
    for name, value in changes.items():
        refusal(transaction, replace(FEE, **{name: value}))


def test_two_fees_in_one_transaction_are_refused() -> None:
    assert refusal(signed(fee_instruction(), fee_instruction())) == "instruction_repeated"
    assert (
        refusal(signed(fee_instruction(), fee_instruction(message_id=UUID(int=9)))) == "instruction_repeated"
    )


def test_a_fee_of_another_program_is_refused() -> None:
    other = record_message_fee(
        PLATFORM,
        bot=FEE.bot,
        player=FEE.player,
        quote_key=FEE.quote_key,
        message_id=FEE.message_id,
        content_hash=FEE.content_hash,
        amount=FEE.amount,
        valid_until=FEE.valid_until,
    )
    assert refusal(signed(other)) == "instruction_unexpected"


def test_a_fee_signed_by_another_wallet_is_refused() -> None:
    quote = replace(FEE, player=STRANGER.pubkey())
    assert refusal(wallet_signs(fee_transaction(PROGRAM, quote), STRANGER)) == "payer_unexpected"
    assert refusal(fee_transaction(PROGRAM, FEE)) == "signature_missing"


def test_a_bot_is_drafted_signed_checked_and_cosigned() -> None:
    transaction = wallet_signs(create_transaction(PROGRAM, CREATE))
    checked = check_create_transaction(PROGRAM, CREATE, transaction)
    complete = VersionedTransaction.from_bytes(cosign(checked.transaction, Signer(QUOTE_KEY)))
    assert complete.verify_with_results() == [True, True]


@pytest.mark.parametrize("own", ["platform", "admin", "payout_key"])
def test_a_creator_may_also_be_one_of_the_wallets_named(own: str) -> None:
    quote = replace(CREATE, **{own: PLAYER.pubkey()})  # type: ignore[arg-type]
    transaction = wallet_signs(create_transaction(PROGRAM, quote))
    assert check_create_transaction(PROGRAM, quote, transaction).transaction == transaction


def test_one_wallet_may_be_admin_and_platform() -> None:
    quote = replace(CREATE, admin=PLATFORM)
    transaction = wallet_signs(create_transaction(PROGRAM, quote))
    assert check_create_transaction(PROGRAM, quote, transaction).transaction == transaction


OTHER_TERMS: dict[str, Any] = {
    "objective_hash": bytes(32),
    "fee_base": 1,
    "fee_growth_bps": 0,
    "fee_cap": 2**64 - 1,
    "pot_bps": 0,
    "creator_bps": 10_000,
    "initial_pot": 1,
    "closes_at": 0,
    "idle_after": 1,
    "idle_min_messages": 0,
    "expiry_rule": ExpiryRule.LAST_PLAYER,
}


def test_every_term_is_compared() -> None:
    assert set(OTHER_TERMS) == {field.name for field in fields(BotTerms)}
    for name, value in OTHER_TERMS.items():
        altered = replace(CREATE, terms=replace(TERMS, **{name: value}))
        assert refusal(wallet_signs(create_transaction(PROGRAM, altered)), CREATE) == "terms_mismatch", name


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bot_id": UUID(int=9)}, "bot_mismatch"),
        ({"payout_key": STRANGER.pubkey()}, "keys_mismatch"),
        ({"admin": STRANGER.pubkey()}, "keys_mismatch"),
        ({"platform": STRANGER.pubkey()}, "platform_mismatch"),
        ({"quote_key": STRANGER.pubkey()}, "signer_unexpected"),
        ({"blockhash": Hash.default()}, "blockhash_mismatch"),
    ],
)
def test_a_bot_other_than_the_drafted_one_is_refused(change: dict[str, Any], code: str) -> None:
    assert refusal(wallet_signs(create_transaction(PROGRAM, replace(CREATE, **change))), CREATE) == code


def test_a_bot_opened_for_another_creator_is_refused() -> None:
    instruction = create_bot(
        PROGRAM,
        creator=PLAYER.pubkey(),
        quote_key=QUOTE_KEY.pubkey(),
        payout_key=PAYOUT_KEY,
        admin=ADMIN,
        platform=PLATFORM,
        bot_id=BOT_ID,
        terms=TERMS,
    )
    stolen = with_account(instruction, 0, STRANGER.pubkey())
    assert refusal(signed(stolen), CREATE) == "creator_mismatch"


def test_a_fee_is_no_opening_and_an_opening_no_fee() -> None:
    assert refusal(wallet_signs(create_transaction(PROGRAM, CREATE)), FEE) == "instruction_mismatch"
    assert refusal(wallet_signs(fee_transaction(PROGRAM, FEE)), CREATE) == "instruction_mismatch"


def test_a_transaction_leaves_room_for_what_wallets_add() -> None:
    assert len(fee_transaction(PROGRAM, FEE)) < 450
    assert len(create_transaction(PROGRAM, CREATE)) < 600


def test_what_the_arena_pays_itself_is_signed_and_has_a_compute_budget() -> None:
    instruction = settle_reward(
        PROGRAM,
        bot=BOT,
        payout_key=QUOTE_KEY.pubkey(),
        winner=PLAYER.pubkey(),
        message_index=1,
        reward=1,
        proof=bytes(32),
    )
    signed_alone = own_transaction([instruction], QUOTE_KEY, Blockhash(BLOCKHASH, 7), unit_price=1_000)
    transaction = VersionedTransaction.from_bytes(signed_alone.transaction)
    assert transaction.verify_with_results() == [True]
    assert signed_alone.signature == str(transaction.signatures[0])
    programs = [
        transaction.message.account_keys[part.program_id_index] for part in transaction.message.instructions
    ]
    assert programs == [COMPUTE_BUDGET, COMPUTE_BUDGET, PROGRAM]
    with pytest.raises(ValueError, match="missing"):
        own_transaction([instruction], PLAYER, Blockhash(BLOCKHASH, 7))
    both = own_transaction([instruction], PLAYER, Blockhash(BLOCKHASH, 7), cosigners=[QUOTE_KEY])
    assert VersionedTransaction.from_bytes(both.transaction).verify_with_results() == [True, True]
    with pytest.raises(ValueError, match="packet"):
        own_transaction([instruction] * 20, QUOTE_KEY, Blockhash(BLOCKHASH, 7))
