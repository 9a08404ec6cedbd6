"""Signing transactions."""

from __future__ import annotations

from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, to_bytes_versioned
from solders.transaction import VersionedTransaction


def sign(instruction: Instruction, key: Keypair, blockhash: Hash) -> VersionedTransaction:
    """A transaction of one instruction that `key` signs and pays for."""
    message = Message.new_with_blockhash([instruction], key.pubkey(), blockhash)
    return VersionedTransaction(message, [key])


def sign_first(transaction: bytes, wallet: Keypair) -> bytes:
    """What a wallet does with an unsigned transaction that others sign after it: fill its own place.

    Raises:
        ValueError: `wallet` is not asked for.
    """
    parsed = VersionedTransaction.from_bytes(transaction)
    signatures = parsed.signatures
    signers = parsed.message.account_keys[: parsed.message.header.num_required_signatures]
    signatures[signers.index(wallet.pubkey())] = wallet.sign_message(to_bytes_versioned(parsed.message))
    return bytes(VersionedTransaction.populate(parsed.message, signatures))
