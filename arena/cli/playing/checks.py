"""What a quote's transaction does, read from its bytes, before it is signed.

The arena could be wrong, or in wrong hands: the wallet pays this amount for this text to this bot, and nothing else.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from unicodedata import normalize
from uuid import UUID

from solders.instruction import AccountMeta, Instruction
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from arena.chain.compute_budget import COMPUTE_BUDGET
from arena.chain.instructions import RecordMessageFee, decode_instruction


class Untrue(Exception):
    """The transaction is not what the arena said. It is not to be signed."""


def check_payment(
    transaction: str,
    *,
    program: Pubkey,
    bot: Pubkey,
    wallet: Pubkey,
    message_id: UUID,
    text: str,
    amount: int,
) -> None:
    """See that `transaction` (base64, unsigned) pays `amount` lamports for this message and does nothing else.

    Raises:
        Untrue: it does not.
    """
    try:
        message = VersionedTransaction.from_bytes(base64.b64decode(transaction, validate=True)).message
    except ValueError as error:
        raise Untrue("it cannot be read") from error
    if isinstance(message, MessageV0) and message.address_table_lookups:
        raise Untrue("it looks up accounts that it does not name")
    instructions = _instructions(message)
    own = [instruction for instruction in instructions if instruction.program_id != COMPUTE_BUDGET]
    fee = decode_instruction(program, own[0]) if len(own) == 1 else None
    if not isinstance(fee, RecordMessageFee):
        raise Untrue("it does more, or something else, than pay for a message")
    spoken = normalize("NFC", text).strip()
    expected = {
        "the wallet": (fee.player, wallet),
        "the bot": (fee.bot, bot),
        "the message": (fee.message_id, message_id),
        "the text": (fee.content_hash, sha256(message_id.bytes + spoken.encode()).digest()),
        "the amount": (fee.amount, amount),
    }
    for name, (found, wanted) in expected.items():
        if found != wanted:
            raise Untrue(f"{name} is another one")


def _instructions(message: Message | MessageV0) -> list[Instruction]:
    """All of them, with the accounts that the message names."""
    keys = message.account_keys
    try:
        return [
            Instruction(
                keys[compiled.program_id_index],
                bytes(compiled.data),
                [AccountMeta(keys[at], message.is_signer(at), is_writable=False) for at in compiled.accounts],
            )
            for compiled in message.instructions
        ]
    except IndexError as error:
        raise Untrue("it cannot be read") from error
