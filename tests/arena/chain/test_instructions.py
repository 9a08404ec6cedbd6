"""Instructions say what was meant, and are taken apart into what they say."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from arena.chain import instructions
from arena.chain.accounts import ExpiryRule
from arena.chain.artifacts import DEFAULT_PROGRAM_ID as PROGRAM
from arena.chain.instructions import BotTerms, decode_instruction
from arena.chain.pda import bot_address

A, B, C, D, E = (Pubkey(bytes([number]) * 32) for number in range(1, 6))
BOT_ID = UUID(int=42)
TERMS = BotTerms(
    bytes(range(32)), 1_000_000, 78, 9_000_000, 7_000, 2_000, 10**9, 1_800_000_000, 60, 3, ExpiryRule.CREATOR
)

EXAMPLES = [
    (
        instructions.create_bot(
            PROGRAM, creator=A, quote_key=B, payout_key=C, admin=D, platform=E, bot_id=BOT_ID, terms=TERMS
        ),
        instructions.CreateBot(A, B, C, D, E, bot_address(PROGRAM, B, BOT_ID), BOT_ID, TERMS),
    ),
    (
        instructions.record_message_fee(
            PROGRAM,
            bot=A,
            player=B,
            quote_key=C,
            message_id=BOT_ID,
            content_hash=b"h" * 32,
            amount=5,
            valid_until=6,
        ),
        instructions.RecordMessageFee(B, C, A, BOT_ID, b"h" * 32, 5, 6),
    ),
    (
        instructions.settle_reward(
            PROGRAM, bot=A, payout_key=B, winner=C, message_index=5, reward=6, proof=b"p" * 32
        ),
        instructions.SettleReward(B, A, C, 5, 6, b"p" * 32),
    ),
    (
        instructions.refund_message_fee(PROGRAM, bot=A, payout_key=B, player=C, message_index=5, amount=6),
        instructions.RefundMessageFee(B, A, C, 5, 6),
    ),
    (
        instructions.close_bot(
            PROGRAM,
            bot=A,
            closer=B,
            creator=C,
            platform=D,
            heir=E,
            expected_message_count=5,
            creator_signs=True,
        ),
        instructions.CloseBot(B, A, C, D, E, 5, creator_signs=True),
    ),
    (
        instructions.rotate_keys(PROGRAM, bot=A, admin=B, quote_key=C, payout_key=D),
        instructions.RotateKeys(B, A, C, D),
    ),
]
BY_NAME = pytest.mark.parametrize(
    ("instruction", "meant"), EXAMPLES, ids=[type(meant).__name__ for _, meant in EXAMPLES]
)


@BY_NAME
def test_what_was_built_is_taken_apart_into_the_same(instruction, meant):
    assert decode_instruction(PROGRAM, instruction) == meant


@BY_NAME
def test_an_instruction_of_another_program_is_none_of_ours(instruction, meant):
    assert decode_instruction(PROGRAM, Instruction(A, instruction.data, instruction.accounts)) is None


@BY_NAME
def test_other_bytes_are_no_instruction(instruction, meant):
    data = instruction.data
    for wrong in (b"", data[:4], data[:8], data[:-1], data + b"\0", b"\0" + data[1:]):
        if wrong != data:
            assert decode_instruction(PROGRAM, Instruction(PROGRAM, wrong, instruction.accounts)) is None


@BY_NAME
def test_other_accounts_are_no_instruction(instruction, meant):
    accounts = instruction.accounts
    for wrong in ([], accounts[:-1], [*accounts, AccountMeta(A, False, False)]):
        assert decode_instruction(PROGRAM, Instruction(PROGRAM, instruction.data, wrong)) is None


@pytest.mark.parametrize("instruction", [EXAMPLES[0][0], EXAMPLES[1][0]])
def test_another_program_in_the_system_programs_place_is_seen(instruction):
    accounts = [*instruction.accounts[:-1], AccountMeta(A, False, False)]
    assert decode_instruction(PROGRAM, Instruction(PROGRAM, instruction.data, accounts)) is None


def test_an_unknown_expiry_rule_is_no_instruction():
    instruction, _ = EXAMPLES[0]
    data = instruction.data[:-1] + b"\7"
    assert decode_instruction(PROGRAM, Instruction(PROGRAM, data, instruction.accounts)) is None


@given(st.binary(max_size=200), st.sampled_from(EXAMPLES))
def test_arbitrary_arguments_never_raise(arguments, example):
    instruction, _ = example
    decode_instruction(PROGRAM, Instruction(PROGRAM, instruction.data[:8] + arguments, instruction.accounts))


@given(st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1), st.uuids())
def test_numbers_keep_their_full_range(amount, valid_until, message_id):
    values = {"message_id": message_id, "amount": amount, "valid_until": valid_until}
    instruction = instructions.record_message_fee(
        PROGRAM, bot=A, player=B, quote_key=C, content_hash=bytes(32), **values
    )
    taken_apart = decode_instruction(PROGRAM, instruction)
    assert {name: getattr(taken_apart, name) for name in values} == values


@pytest.mark.parametrize("amount", [-1, 2**64])
def test_a_number_that_does_not_fit_is_refused(amount):
    with pytest.raises(ValueError, match="amount"):
        instructions.refund_message_fee(
            PROGRAM, bot=A, payout_key=B, player=C, message_index=1, amount=amount
        )


@pytest.mark.parametrize("hash_", [b"", bytes(31), bytes(33)])
def test_a_hash_of_another_length_is_refused(hash_):
    with pytest.raises(ValueError, match="32 bytes"):
        instructions.settle_reward(
            PROGRAM, bot=A, payout_key=B, winner=C, message_index=1, reward=1, proof=hash_
        )
    with pytest.raises(ValueError, match="32 bytes"):
        instructions.create_bot(
            PROGRAM,
            creator=A,
            quote_key=B,
            payout_key=C,
            admin=D,
            platform=E,
            bot_id=BOT_ID,
            terms=replace(TERMS, objective_hash=hash_),
        )
