"""Signing as a wallet does."""

from __future__ import annotations

from solders.keypair import Keypair
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction


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
