"""Transactions that this server signed: written before they are sent, followed until they are final."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from asyncpg import Record

from arena.store.batch import RANK_OUTCOME, RANK_TAKEN_BACK, RANK_TRANSACTION, insert, update
from persistence import Database, Write


class TransactionStatus(StrEnum):
    """``landed``: final without an error; ``failed``: final with one; ``expired``: provably never lands."""

    PENDING = "pending"
    LANDED = "landed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransaction:
    """What is about to be sent. ``kind`` is create, fee, settle, refund or close; ``amount`` is in lamports.

    ``raw`` are the bytes to send, at most 1232 as the network's packets.
    """

    signature: str
    kind: str
    bot_id: UUID
    message_id: UUID | None = None
    payer: str
    amount: int
    raw: bytes = field(repr=False)
    last_valid_block_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTransaction(NewTransaction):
    """The whole row."""

    status: TransactionStatus
    slot: int | None
    error: str | None
    created_at: datetime
    updated_at: datetime


INSERT = insert(
    "transactions.insert",
    "network_transactions",
    {
        "signature": "text",
        "kind": "text",
        "bot_id": "uuid",
        "message_id": "uuid",
        "payer": "text",
        "amount": "bigint",
        "raw": "bytea",
        "last_valid_block_height": "bigint",
    },
    RANK_TRANSACTION,
    together=True,
)
"""Single writer: who sends it, the bot's actor (create, fee) or its settlement actor (settle, refund, close).

Refused while another one of the same bot, kind and message is pending.
"""

OUTCOME = update(
    "transactions.outcome",
    "network_transactions",
    {"signature": "text", "status": "text", "slot": "bigint", "error": "text"},
    set_="status = v.status, slot = v.slot, error = v.error",
    where="t.signature = v.signature and t.status || '' = 'pending'",
    rank=RANK_OUTCOME,
    together=True,
)
"""Single writer: who sent it."""

ADOPT = insert(
    "transactions.adopt",
    "network_transactions",
    {
        "signature": "text",
        "kind": "text",
        "bot_id": "uuid",
        "message_id": "uuid",
        "payer": "text",
        "amount": "bigint",
        "raw": "bytea",
        "last_valid_block_height": "bigint",
        "status": "text",
        "slot": "bigint",
    },
    RANK_TRANSACTION,
)
"""Single writer: the bot's actor, for what the chain knows and the rows had lost."""

TAKEN_BACK = update(
    "transactions.taken_back",
    "network_transactions",
    {"bot_id": "uuid", "event_seq": "bigint"},
    set_="status = 'pending', slot = null",
    where="""t.bot_id = v.bot_id and t.kind in ('create', 'fee') and t.status = 'landed' and t.signature in (
        select e.signature from chain_events e where e.bot_id = v.bot_id and e.event_seq >= v.event_seq)""",
    rank=RANK_TAKEN_BACK,
    exact=False,
)
"""Single writer: the bot's actor. The other kinds are landed only when they are final."""

_SELECT = """select signature, kind, bot_id, message_id, payer, amount, raw, last_valid_block_height, status,
    slot, error, created_at, updated_at from network_transactions"""


def send(transaction: NewTransaction) -> Write:
    """Insert a transaction that will be sent once this is committed."""
    return INSERT.row(
        transaction.signature,
        transaction.kind,
        transaction.bot_id,
        transaction.message_id,
        transaction.payer,
        transaction.amount,
        transaction.raw,
        transaction.last_valid_block_height,
    )


def adopt(transaction: NewTransaction, *, slot: int) -> Write:
    """Insert a transaction that landed and whose row was lost."""
    return ADOPT.row(
        transaction.signature,
        transaction.kind,
        transaction.bot_id,
        transaction.message_id,
        transaction.payer,
        transaction.amount,
        transaction.raw,
        transaction.last_valid_block_height,
        TransactionStatus.LANDED.value,
        slot,
    )


def landed(signature: str, *, slot: int) -> Write:
    """``pending`` to ``landed``."""
    return OUTCOME.row(signature, TransactionStatus.LANDED.value, slot, None)


def failed(signature: str, *, slot: int, error: str) -> Write:
    """``pending`` to ``failed``: final in ``slot``, with an error."""
    return OUTCOME.row(signature, TransactionStatus.FAILED.value, slot, error)


def expired(signature: str, *, error: str | None = None) -> Write:
    """``pending`` to ``expired``: it provably never lands; ``error`` is what kept it out, if that is known."""
    return OUTCOME.row(signature, TransactionStatus.EXPIRED.value, None, error)


def taken_back(bot_id: UUID, event_seq: int) -> Write:
    """``landed`` back to ``pending`` for the payments that this event and later ones told of: they may land again."""
    return TAKEN_BACK.row(bot_id, event_seq)


async def get(database: Database, signature: str) -> NetworkTransaction | None:
    """The transaction, or ``None``."""
    record = await database.fetch_one(
        f"{_SELECT} where signature = $1",
        signature,
    )
    return None if record is None else _transaction(record)


async def pending(database: Database, bot_id: UUID, *, kind: str | None = None) -> list[NetworkTransaction]:
    """The bot's transactions that may still land, in the order they were made.

    Few: one of a kind and message at a time, messages being limited by what players have under way.
    """
    records = await database.fetch(
        f"""
        {_SELECT}
        where bot_id = $1 and status = 'pending' and ($2::text is null or kind = $2) order by created_at,
        signature """,
        bot_id,
        kind,
    )
    return [_transaction(record) for record in records]


async def of_bot(
    database: Database, bot_id: UUID, *, kind: str | None = None, limit: int = 100
) -> list[NetworkTransaction]:
    """The bot's last transactions, the newest first."""
    records = await database.fetch(
        f"""
        {_SELECT} where bot_id = $1 and ($2::text is null or kind = $2)
        order by created_at desc, signature limit $3
        """,
        bot_id,
        kind,
        limit,
    )
    return [_transaction(record) for record in records]


async def of_message(database: Database, message_id: UUID) -> list[NetworkTransaction]:
    """All transactions of a message, fees and refunds, in the order they were made."""
    records = await database.fetch(
        f"""
        {_SELECT} where message_id = $1 order by created_at, signature limit
        1000 """,
        message_id,
    )
    return [_transaction(record) for record in records]


def _transaction(record: Record) -> NetworkTransaction:
    values = dict(record)
    return NetworkTransaction(**values | {"status": TransactionStatus(values["status"])})
