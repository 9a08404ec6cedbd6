"""What can be wrong, in one type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a difference is about. The values are stable: programs read them."""

    # the history alone
    HISTORY = (
        "history"  # the events are not numbered 1, 2, 3 …, each in one transaction, from creation to closing
    )
    ADDRESS = "address"  # the address does not follow from the bot's founding key and id
    TERMS = "terms"  # the terms allow what they must not, or row and chain have different ones
    BOOKS = "books"  # an event leaves other books than its rule says
    SPLIT = "split"  # a fee was not divided by the terms
    PRICE = "price"  # an amount that the terms never asked for
    MESSAGE_ORDER = "message_order"  # a message without the next index, or paid again, or after the end
    REFUND = "refund"  # not the fee that was paid, not to whom paid it, or twice
    REWARD = "reward"  # not what the rules give, or not to the author of the winning message
    CLOSING = "closing"  # not paid out to whom the rules say, or for a reason that does not hold
    # the account
    ACCOUNT = "account"  # it says something else than the events add up to
    LAMPORTS = "lamports"  # it holds less than it owes
    # the database
    BOT_UNKNOWN = "bot_unknown"  # no row
    MIRROR = "mirror"  # the bot's row says something else than the event that it has come to
    MESSAGE_UNKNOWN = "message_unknown"  # a fee on the chain without a row
    MESSAGE_NOT_ON_CHAIN = "message_not_on_chain"  # a row that says it is paid, without a fee
    MESSAGE = "message"  # row and fee differ
    OUTCOME = "outcome"  # no outcome, two, or another one than the chain's
    TRANSACTION_UNKNOWN = "transaction_unknown"  # money moved by a transaction without a row
    TRANSACTION_NOT_ON_CHAIN = "transaction_not_on_chain"  # a row that says it landed, and it did not
    TRANSACTION = "transaction"  # row and event differ
    SOLUTION = "solution"  # the row of how the bot ended differs


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be. ``about`` says what of the bot: ``message 3``, ``event 7``."""

    kind: Kind
    about: str
    expected: str
    found: str

    @staticmethod
    def of(kind: Kind, about: str, expected: object, found: object) -> Difference:
        return Difference(kind, about, str(expected), str(found))

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}: expected {self.expected}, found {self.found}"
