"""A transaction is read before it is signed."""

import base64
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from solders.compute_budget import set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from arena.chain.instructions import record_message_fee
from arena.cli.playing.checks import Untrue, check_payment

PROGRAM, BOT, WALLET, QUOTE_KEY, OTHER = (Keypair().pubkey() for _ in range(5))
MESSAGE = UUID("018f4e3a-7b55-7c3e-9c41-2f6f0d3c5a11")
TEXT = "Is it a cave?"
SAID: dict[str, Any] = {
    "program": PROGRAM,
    "bot": BOT,
    "wallet": WALLET,
    "message_id": MESSAGE,
    "text": TEXT,
    "amount": 10_000_000,
}


def fee(**other: Any) -> Instruction:
    values: dict[str, Any] = {
        "bot": BOT,
        "player": WALLET,
        "quote_key": QUOTE_KEY,
        "message_id": MESSAGE,
        "content_hash": sha256(MESSAGE.bytes + TEXT.encode()).digest(),
        "amount": 10_000_000,
        "valid_until": 1_772_366_460,
    }
    return record_message_fee(PROGRAM, **(values | other))


def transaction(*instructions: Instruction, payer: Pubkey = WALLET) -> str:
    message = Message.new_with_blockhash(list(instructions), payer, Hash.default())
    unsigned = [Signature.default()] * message.header.num_required_signatures
    return base64.b64encode(bytes(VersionedTransaction.populate(message, unsigned))).decode()


def test_what_pays_for_the_message_and_does_nothing_else_is_right() -> None:
    check_payment(transaction(fee()), **SAID)
    check_payment(transaction(set_compute_unit_price(10), fee()), **SAID)


def test_the_text_counts_as_the_arena_takes_it() -> None:
    check_payment(transaction(fee()), **(SAID | {"text": f"  {TEXT}\n"}))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"amount": 10_000_001}, "the amount"),
        ({"bot": OTHER}, "the bot"),
        ({"player": OTHER}, "the wallet"),
        ({"message_id": UUID(int=1)}, "the message"),
        ({"content_hash": bytes(32)}, "the text"),
    ],
)
def test_a_payment_for_something_else_is_untrue(other: dict[str, Any], reason: str) -> None:
    with pytest.raises(Untrue, match=reason):
        check_payment(transaction(fee(**other)), **SAID)


@pytest.mark.parametrize(
    "instructions",
    [
        [],
        [fee(), fee()],
        [transfer(TransferParams(from_pubkey=WALLET, to_pubkey=OTHER, lamports=1))],
        [fee(), transfer(TransferParams(from_pubkey=WALLET, to_pubkey=OTHER, lamports=1))],
        [Instruction(OTHER, fee().data, fee().accounts)],
    ],
    ids=["nothing", "twice", "something else", "more", "another program"],
)
def test_a_transaction_that_does_something_else_is_untrue(instructions: list[Instruction]) -> None:
    with pytest.raises(Untrue, match="more, or something else"):
        check_payment(transaction(*instructions), **SAID)


@pytest.mark.parametrize("nonsense", ["", "AAAA", "%%%", base64.b64encode(b"x" * 200).decode()])
def test_what_is_no_transaction_is_untrue(nonsense: str) -> None:
    with pytest.raises(Untrue, match="cannot be read"):
        check_payment(nonsense, **SAID)
