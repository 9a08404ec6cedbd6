"""Messages of players: from the signed payment to the verdict or the refund.

A message's life::

    paying ──→ paid ──→ judged
      │  ↑       └────→ refunding ──→ refunded
      ↓  │
      dead            (its payment provably never lands; may be paid for again)

A message whose verdict is known as soon as it is paid goes from ``paying`` to ``judged`` at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from asyncpg import Record

from arena.store.batch import (
    RANK_DEAD,
    RANK_JUDGED,
    RANK_MESSAGE,
    RANK_PAID,
    RANK_REFUNDED,
    RANK_REFUNDING,
    RANK_TAKEN_BACK,
    insert,
    update,
)
from persistence import Database, Write


class MessageStatus(StrEnum):
    """See the module."""

    PAYING = "paying"
    PAID = "paid"
    JUDGED = "judged"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message whose payment was accepted. ``id`` is ours and on chain, ``client_id`` the client's.

    ``wallet`` is that of the player ``solver_id``. ``content_hash`` is :func:`content_hash` of id and text.
    ``amount`` is the fee in lamports. ``adopted``: all that is known of it is what the chain tells; its text is lost.
    """

    id: UUID
    bot_id: UUID
    session_id: UUID
    solver_id: UUID
    wallet: str
    client_id: UUID
    text: str
    content_hash: bytes
    amount: int
    valid_until: datetime
    adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(NewMessage):
    """The whole row. ``message_index`` counts a bot's paid messages from 1, as the chain does."""

    status: MessageStatus
    message_index: int | None
    pot_share: int | None
    fee_signature: str | None
    fee_slot: int | None
    reply: str | None
    solved: bool | None
    judged_at: datetime | None
    refund_reason: str | None
    refund_signature: str | None
    earlier_reply: str | None
    """What the brain said before the chain took the payment back, and `earlier_solved` whether that solved the bot."""
    earlier_solved: bool | None
    created_at: datetime
    updated_at: datetime


def content_hash(message_id: UUID, text: str) -> bytes:
    """What a payment commits to on chain: sha256 of the id's 16 bytes and the text in UTF-8."""
    return hashlib.sha256(message_id.bytes + text.encode()).digest()


ACCEPT = insert(
    "messages.accept",
    "messages",
    {
        "id": "uuid",
        "bot_id": "uuid",
        "session_id": "uuid",
        "solver_id": "uuid",
        "client_id": "uuid",
        "text": "text",
        "content_hash": "bytea",
        "amount": "bigint",
        "valid_until": "timestamptz",
    },
    RANK_MESSAGE,
    together=True,
)
"""Single writer: the bot's actor."""

ADOPT = insert(
    "messages.adopt",
    "messages",
    {
        "id": "uuid",
        "bot_id": "uuid",
        "session_id": "uuid",
        "solver_id": "uuid",
        "client_id": "uuid",
        "text": "text",
        "content_hash": "bytea",
        "amount": "bigint",
        "valid_until": "timestamptz",
        "adopted": "boolean",
    },
    RANK_MESSAGE,
)
"""Single writer: the bot's actor, with PAID of the same message in the same change."""

RETRY = update(
    "messages.retry",
    "messages",
    {"id": "uuid", "text": "text", "content_hash": "bytea", "amount": "bigint", "valid_until": "timestamptz"},
    set_="""status = 'paying', text = v.text, content_hash = v.content_hash, amount = v.amount,
        valid_until = v.valid_until""",
    where="t.id = v.id and t.status || '' = 'dead'",
    rank=RANK_MESSAGE,
)
"""A new payment for a message whose former one is dead. Single writer: the bot's actor."""

PAID = update(
    "messages.paid",
    "messages",
    {
        "id": "uuid",
        "message_index": "bigint",
        "pot_share": "bigint",
        "fee_signature": "text",
        "fee_slot": "bigint",
    },
    set_="""status = 'paid', message_index = v.message_index, pot_share = v.pot_share,
        fee_signature = v.fee_signature, fee_slot = v.fee_slot""",
    where="t.id = v.id and t.status || '' = 'paying'",
    rank=RANK_PAID,
    together=True,
)
"""Single writer: the bot's actor, from an event of the chain."""

PAID_AND_JUDGED = update(
    "messages.paid_and_judged",
    "messages",
    {
        "id": "uuid",
        "message_index": "bigint",
        "pot_share": "bigint",
        "fee_signature": "text",
        "fee_slot": "bigint",
        "reply": "text",
        "solved": "boolean",
    },
    set_="""status = 'judged', message_index = v.message_index, pot_share = v.pot_share,
        fee_signature = v.fee_signature, fee_slot = v.fee_slot, reply = v.reply, solved = v.solved,
        judged_at = now()""",
    where="t.id = v.id and t.status || '' = 'paying'",
    rank=RANK_PAID,
    together=True,
)
"""Single writer: the bot's actor. What PAID and JUDGED do, of which one statement for Postgres takes only one."""

JUDGED = update(
    "messages.judged",
    "messages",
    {"id": "uuid", "reply": "text", "solved": "boolean"},
    set_="status = 'judged', reply = v.reply, solved = v.solved, judged_at = now()",
    where="t.id = v.id and t.status || '' = 'paid'",
    rank=RANK_JUDGED,
    together=True,
)
"""Single writer: the bot's actor."""

REFUNDING = update(
    "messages.refunding",
    "messages",
    {"id": "uuid", "reason": "text"},
    set_="status = 'refunding', refund_reason = v.reason",
    where="t.id = v.id and t.status || '' = 'paid'",
    rank=RANK_REFUNDING,
)
"""Single writer: the bot's actor. May stand in one change with PAID of the same message."""

REFUNDED = update(
    "messages.refunded",
    "messages",
    {"bot_id": "uuid", "message_index": "bigint", "signature": "text"},
    set_="status = 'refunded', refund_signature = v.signature",
    where="t.bot_id = v.bot_id and t.message_index = v.message_index and t.status || '' = 'refunding'",
    rank=RANK_REFUNDED,
)
"""Single writer: the bot's actor, from an event of the chain."""

DEAD = update(
    "messages.dead",
    "messages",
    {"id": "uuid"},
    set_="status = 'dead'",
    where="t.id = v.id and t.status || '' = 'paying'",
    rank=RANK_DEAD,
)
"""Single writer: the bot's actor."""

PAYMENTS_TAKEN_BACK = update(
    "messages.payments_taken_back",
    "messages",
    {"bot_id": "uuid", "message_count": "bigint"},
    set_="""status = 'paying', message_index = null, pot_share = null, fee_signature = null, fee_slot = null,
        earlier_reply = coalesce(t.reply, t.earlier_reply), earlier_solved = coalesce(t.solved, t.earlier_solved),
        reply = null, solved = null, judged_at = null, refund_reason = null, refund_signature = null""",
    where="t.bot_id = v.bot_id and t.message_index > v.message_count",
    rank=RANK_TAKEN_BACK,
    exact=False,
)
"""Single writer: the bot's actor, when the chain took events back."""

REFUNDS_TAKEN_BACK = update(
    "messages.refunds_taken_back",
    "messages",
    {"bot_id": "uuid", "event_seq": "bigint"},
    set_="status = 'refunding', refund_signature = null",
    where="""t.bot_id = v.bot_id and t.status = 'refunded' and t.refund_signature in (
        select e.signature from chain_events e where e.bot_id = v.bot_id and e.event_seq >= v.event_seq)""",
    rank=RANK_TAKEN_BACK,
    exact=False,
)
"""Single writer: the bot's actor, when the chain took events back."""

_SELECT = """
    select m.id, m.bot_id, m.session_id, m.solver_id, u.wallet, m.client_id, m.text, m.content_hash, m.amount,
    m.valid_until, m.status, m.message_index, m.pot_share, m.fee_signature, m.fee_slot, m.reply, m.solved,
    m.judged_at, m.refund_reason, m.refund_signature, m.earlier_reply, m.earlier_solved, m.adopted,
    m.created_at, m.updated_at
    from messages m join users u on u.id = m.solver_id
"""


def accept(message: NewMessage) -> Write:
    """Insert a message that is being paid for."""
    return ACCEPT.row(
        message.id,
        message.bot_id,
        message.session_id,
        message.solver_id,
        message.client_id,
        message.text,
        message.content_hash,
        message.amount,
        message.valid_until,
    )


def adopt(message: NewMessage) -> Write:
    """Insert a message that is known from the chain alone."""
    return ADOPT.row(
        message.id,
        message.bot_id,
        message.session_id,
        message.solver_id,
        message.client_id,
        message.text,
        message.content_hash,
        message.amount,
        message.valid_until,
        message.adopted,
    )


def retry(message: NewMessage) -> Write:
    """``dead`` to ``paying``, with the terms of the new payment."""
    return RETRY.row(message.id, message.text, message.content_hash, message.amount, message.valid_until)


def paid(message_id: UUID, *, message_index: int, pot_share: int, fee_signature: str, fee_slot: int) -> Write:
    """``paying`` to ``paid``: its fee was recorded on chain."""
    return PAID.row(message_id, message_index, pot_share, fee_signature, fee_slot)


def paid_and_judged(
    message_id: UUID,
    *,
    message_index: int,
    pot_share: int,
    fee_signature: str,
    fee_slot: int,
    reply: str,
    solved: bool,
) -> Write:
    """``paying`` to ``judged``: its fee was recorded on chain, and its verdict was known at once."""
    return PAID_AND_JUDGED.row(message_id, message_index, pot_share, fee_signature, fee_slot, reply, solved)


def judged(message_id: UUID, *, reply: str, solved: bool) -> Write:
    """``paid`` to ``judged``."""
    return JUDGED.row(message_id, reply, solved)


def refunding(message_id: UUID, *, reason: str) -> Write:
    """``paid`` to ``refunding``: it will not be judged, for ``reason`` (a stable snake_case code)."""
    return REFUNDING.row(message_id, reason)


def refunded(bot_id: UUID, *, message_index: int, signature: str) -> Write:
    """``refunding`` to ``refunded``: its refund was recorded on chain."""
    return REFUNDED.row(bot_id, message_index, signature)


def dead(message_id: UUID) -> Write:
    """``paying`` to ``dead``: its payment provably never lands."""
    return DEAD.row(message_id)


def payments_taken_back(bot_id: UUID, message_count: int) -> Write:
    """Back to ``paying``: the chain took back the fees of all messages after the first ``message_count``."""
    return PAYMENTS_TAKEN_BACK.row(bot_id, message_count)


def refunds_taken_back(bot_id: UUID, event_seq: int) -> Write:
    """``refunded`` back to ``refunding`` for the refunds that this event and later ones told of."""
    return REFUNDS_TAKEN_BACK.row(bot_id, event_seq)


async def get(database: Database, message_id: UUID) -> Message | None:
    """The message, or ``None``."""
    record = await database.fetch_one(f"{_SELECT} where m.id = $1", message_id)
    return None if record is None else _message(record)


async def by_client_id(database: Database, session_id: UUID, client_id: UUID) -> Message | None:
    """The message that the client of a session calls ``client_id``, or ``None``."""
    record = await database.fetch_one(
        f"{_SELECT} where m.session_id = $1 and m.client_id = $2",
        session_id,
        client_id,
    )
    return None if record is None else _message(record)


async def client_ids(database: Database, session_id: UUID, *, limit: int) -> list[UUID]:
    """What the client of a session calls its messages: the ids of the first ``limit``."""
    records = await database.fetch(
        "select client_id from messages where session_id = $1 order by id limit $2", session_id, limit
    )
    return [record["client_id"] for record in records]


async def by_index(database: Database, bot_id: UUID, message_index: int) -> Message | None:
    """The bot's message at this place on chain, or ``None``."""
    record = await database.fetch_one(
        f"{_SELECT} where m.bot_id = $1 and m.message_index = $2", bot_id, message_index
    )
    return None if record is None else _message(record)


async def all_unjudged(database: Database, bot_id: UUID) -> list[Message]:
    """A bot's paid and unjudged messages, in index order: as many as it took payments for."""
    return await _messages(database, "m.bot_id = $1 and m.status = 'paid' order by m.message_index", bot_id)


async def all_paying(database: Database, bot_id: UUID) -> list[Message]:
    """A bot's messages whose payment is under way, in the order they were made.

    Their transactions are those of the kind ``fee`` in :func:`arena.store.transactions.pending`.
    """
    return await _messages(database, "m.bot_id = $1 and m.status = 'paying' order by m.id", bot_id)


async def after_index(database: Database, bot_id: UUID, message_count: int) -> list[Message]:
    """A bot's paid messages after the first ``message_count``, in index order: those of the last few slots."""
    return await _messages(
        database, "m.bot_id = $1 and m.message_index > $2 order by m.message_index", bot_id, message_count
    )


async def refunds_due(
    database: Database, bot_id: UUID, *, after_index: int = 0, limit: int = 1000
) -> list[Message]:
    """A page of the messages whose fee must be given back, in index order, the only order the chain accepts.

    Those that are marked for it, and, once the bot has ended, what was paid and will never be judged: after
    the winning message, or at all when nobody won.
    """
    return await _messages(
        database,
        """m.bot_id = $1 and m.message_index > $2 and (
            m.status = 'refunding' or m.status = 'paid' and exists (
                select from bot_solutions s
                where s.bot_id = m.bot_id and m.message_index > coalesce(s.message_index, 0)
            )
        ) order by m.message_index limit $3""",
        bot_id,
        after_index,
        limit,
    )


async def history(
    database: Database, session_id: UUID, *, before_index: int, limit: int = 50
) -> list[Message]:
    """The last ``limit`` judged messages of a session before ``before_index``, oldest first."""
    latest = await _messages(
        database,
        """m.session_id = $1 and m.status = 'judged' and not m.adopted and m.message_index < $2
        order by m.message_index desc limit $3""",
        session_id,
        before_index,
        limit,
    )
    return latest[::-1]


async def of_session(
    database: Database,
    session_id: UUID,
    *,
    newest_first: bool = True,
    beyond: UUID | None = None,
    limit: int = 50,
) -> list[Message]:
    """A page of all messages of a session, for its player; go on ``beyond`` the last one's id."""
    comparison, direction = ("<", "desc") if newest_first else (">", "asc")
    return await _messages(
        database,
        f"""m.session_id = $1 and ($2::uuid is null or m.id {comparison} $2)
        order by m.id {direction} limit $3""",
        session_id,
        beyond,
        limit,
    )


async def pot_shares(database: Database, bot_id: UUID, *, up_to_index: int) -> int:
    """Lamports: the pot shares of all messages up to ``up_to_index`` that are not (to be) refunded."""
    return int(
        await database.fetch_value(
            """
            select coalesce(sum(pot_share), 0) from messages
            where bot_id = $1 and message_index <= $2 and status in ('paid', 'judged')
            """,
            bot_id,
            up_to_index,
        )
    )


async def _messages(database: Database, condition: str, *args: object) -> list[Message]:
    records = await database.fetch(f"{_SELECT} where {condition}", *args)
    return [_message(record) for record in records]


def _message(record: Record) -> Message:
    values = dict(record)
    return Message(**values | {"status": MessageStatus(values["status"])})
