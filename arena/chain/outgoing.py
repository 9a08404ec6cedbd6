"""Transactions on their way to the chain, and how that may end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from arena.chain.transaction_errors import describe

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
        cause: the RPC's own value.
    """

    outgoing: Outgoing
    slot: int
    cause: object

    @property
    def error(self) -> str:
        """One line."""
        return describe(self.cause)


@dataclass(frozen=True, slots=True)
class Expired:
    """It has not landed and never will.

    Attributes:
        cause: what the node says would keep it from landing now, if that is not the program: a payer without money
            leaves no trace on the chain. The RPC's own value; None: nothing.
    """

    outgoing: Outgoing
    cause: object = None

    @property
    def error(self) -> str | None:
        """One line, if there is anything to say."""
        return None if self.cause is None else describe(self.cause)


Outcome = Landed | Failed | Expired
