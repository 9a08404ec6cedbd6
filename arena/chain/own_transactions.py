"""Transactions that the arena pays and signs alone: settlements, refunds, closings."""

from __future__ import annotations

from collections.abc import Sequence

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import Transaction

from arena.chain.client import Blockhash
from arena.chain.cosigning import MAX_TRANSACTION_BYTES, Signed

UNITS = (
    60_000  # several times what any instruction of the program takes; unused units cost nothing but priority
)


def own_transaction(
    instructions: Sequence[Instruction],
    payer: Keypair,
    blockhash: Blockhash,
    *,
    cosigners: Sequence[Keypair] = (),
    unit_limit: int = UNITS,
    unit_price: int = 0,
) -> Signed:
    """A fully signed transaction with a compute budget.

    Args:
        unit_price: micro-lamports per compute unit; the priority fee is `unit_limit * unit_price / 1_000_000`
            lamports. 0 leaves the instruction out.

    Raises:
        ValueError: it does not fit into a packet, or a signature is missing.
    """
    budget = [set_compute_unit_limit(unit_limit)]
    if unit_price:
        budget.append(set_compute_unit_price(unit_price))
    message = Message.new_with_blockhash([*budget, *instructions], payer.pubkey(), blockhash.hash)
    signers = {key.pubkey(): key for key in (payer, *cosigners)}
    needed = message.account_keys[: message.header.num_required_signatures]
    missing = [str(key) for key in needed if key not in signers]
    if missing:
        raise ValueError(f"the signature of {missing[0]} is missing")
    transaction = Transaction([signers[key] for key in needed], message, blockhash.hash)
    raw = bytes(transaction)
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise ValueError(f"the transaction has {len(raw)} bytes, more than fit into a packet")
    return Signed(raw, str(transaction.signatures[0]))
