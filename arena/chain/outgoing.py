"""Transactions on their way to the chain, and how that may end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

__all__ = ["Expired", "Failed", "Landed", "Outcome", "Outgoing", "TransactionKind"]


class TransactionKind(StrEnum):
    """What a transaction is for."""

    CREATE = "create"
    FEE = "fee"
    SETTLE = "settle"
    REFUND = "refund"
    CLOSE = "close"
    ROTATE = "rotate"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A fully signed transaction that is to land.

    Attributes:
        signature: base58, of the fee payer: the transaction's id.
        last_valid_block_height: of its blockhash; above it no block can hold it any more.
    """

    signature: str
    transaction: bytes
    last_valid_block_height: int
    kind: TransactionKind
    bot_id: UUID
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """Finalized, without an error."""

    outgoing: Outgoing
    slot: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Finalized, and it failed: nothing moved but the network's fee.

    Attributes:
        error: one line.
        code: with what the program refused it, if it was a program.
    """

    outgoing: Outgoing
    slot: int
    error: str
    code: int | None


@dataclass(frozen=True, slots=True)
class Expired:
    """It has not landed and never will."""

    outgoing: Outgoing


Outcome = Landed | Failed | Expired
