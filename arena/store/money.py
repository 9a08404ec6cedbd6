"""What the database says about money, one bot at a time: what an audit compares with the chain.

All rows of a bot are of one moment: they are read in one repeatable-read transaction, `PAGE` at a time. Nothing secret
is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import Record

from arena.economy import ExpiryRule
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from arena.store.solutions import SolutionStatus
from arena.store.transactions import TransactionStatus
from persistence import Database
from persistence.database import Connection

T = TypeVar("T")

PAGE = 1000
"""Rows read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotMoney:
    """A bot's row: its terms, and how far it has come with the chain. Amounts are lamports."""

    id: UUID
    address: str
    founding_key: str
    creator: str
    objective_hash: bytes
    fee_base: int
    fee_growth_bps: int
    fee_cap: int
    pot_bps: int
    creator_bps: int
    initial_pot: int
    closes_at: datetime
    idle_after: int
    idle_min_messages: int
    expiry_rule: ExpiryRule
    status: BotStatus
    pot: int
    message_count: int
    event_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMoney:
    """A message's row. ``text_hashed``: the stored text is the one that ``content_hash`` is of."""

    id: UUID
    wallet: str
    amount: int
    content_hash: bytes
    text_hashed: bool
    status: MessageStatus
    message_index: int | None
    pot_share: int | None
    fee_signature: str | None
    solved: bool | None
    refund_signature: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionMoney:
    """A transaction's row; ``kind`` is create, fee, settle, refund or close."""

    signature: str
    kind: str
    message_id: UUID | None
    payer: str
    amount: int
    status: TransactionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SolutionMoney:
    """How the bot ended; without a winner it expired."""

    message_id: UUID | None
    winner: str | None
    message_index: int | None
    reward: int
    proof: bytes
    status: SolutionStatus
    settle_signature: str | None
    close_signature: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMoney:
    """An event as the bot has taken it in; ``final``: the arena knows that the chain cannot take it back."""

    event_seq: int
    kind: str
    signature: str
    pot: int
    message_count: int
    final: bool


@dataclass(frozen=True, slots=True)
class MoneyRows:
    """Everything about one bot, of one moment. ``events`` are in order."""

    bot: BotMoney
    messages: tuple[MessageMoney, ...]
    transactions: tuple[TransactionMoney, ...]
    solution: SolutionMoney | None
    events: tuple[EventMoney, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """A bot and the address of its account."""

    id: UUID
    address: str


async def located(database: Database, *, after: UUID | None = None, limit: int = PAGE) -> list[Located]:
    """A page of all bots for which anything was ever sent, by id; go on ``after`` the last one's id."""
    records = await database.fetch(
        """
        select id, address from bots b where ($1::uuid is null or id > $1)
            and (status <> 'draft' or exists (select from network_transactions where bot_id = b.id))
        order by id limit $2
        """,
        after,
        limit,
    )
    return [Located(**record) for record in records]


async def find(database: Database, text: str) -> Located | None:
    """The bot with this id or at this address, or ``None``."""
    record = await database.fetch_one("select id, address from bots where $1 in (id::text, address)", text)
    return None if record is None else Located(**record)


async def rows(database: Database, bot_id: UUID) -> MoneyRows | None:
    """The rows of a bot, or ``None``."""

    async def read(connection: Connection) -> MoneyRows | None:
        await connection.execute("set transaction isolation level repeatable read, read only")
        bot = await connection.fetchrow(_BOT, bot_id)
        if bot is None:
            return None
        solution = await connection.fetchrow(_SOLUTION, bot_id)
        return MoneyRows(
            BotMoney(**_typed(bot, expiry_rule=ExpiryRule, status=BotStatus)),
            await _all(connection, _MESSAGES, bot_id, _message),
            await _all(connection, _TRANSACTIONS, bot_id, _transaction),
            None if solution is None else SolutionMoney(**_typed(solution, status=SolutionStatus)),
            await _all(connection, _EVENTS, bot_id, _event),
        )

    return await database.run(read)


_BOT = """
    select b.id, b.address, b.founding_key, u.wallet as creator, b.objective_hash, b.fee_base, b.fee_growth_bps,
        b.fee_cap, b.pot_bps, b.creator_bps, b.initial_pot, b.closes_at, b.idle_after, b.idle_min_messages,
        b.expiry_rule, b.status, b.pot, b.message_count, b.event_seq
    from bots b join users u on u.id = b.creator_id where b.id = $1
"""
_MESSAGES = """
    select m.id, u.wallet, m.amount, m.content_hash,
        m.adopted or sha256(uuid_send(m.id) || convert_to(m.text, 'UTF8')) = m.content_hash as text_hashed, m.status,
        m.message_index, m.pot_share, m.fee_signature, m.solved, m.refund_signature
    from messages m join users u on u.id = m.solver_id
    where m.bot_id = $1
"""
_TRANSACTIONS = """
    select signature, kind, message_id, payer, amount, status from network_transactions
    where bot_id = $1
"""
_EVENTS = """
    select event_seq, kind, signature, pot, message_count, final from chain_events
    where bot_id = $1 order by event_seq
"""
_SOLUTION = """
    select s.message_id, u.wallet as winner, s.message_index, s.reward, s.proof, s.status, s.settle_signature,
        s.close_signature
    from bot_solutions s left join users u on u.id = s.winner_id where s.bot_id = $1
"""


async def _all(connection: Connection, sql: str, bot_id: UUID, make: Callable[[Record], T]) -> tuple[T, ...]:
    return tuple([make(record) async for record in connection.cursor(sql, bot_id, prefetch=PAGE)])


def _message(record: Record) -> MessageMoney:
    return MessageMoney(**_typed(record, status=MessageStatus))


def _transaction(record: Record) -> TransactionMoney:
    return TransactionMoney(**_typed(record, status=TransactionStatus))


def _event(record: Record) -> EventMoney:
    return EventMoney(**dict(record))


def _typed(record: Record, **types: Callable[[Any], object]) -> Mapping[str, Any]:
    values = dict(record)
    return values | {name: make(values[name]) for name, make in types.items()}
