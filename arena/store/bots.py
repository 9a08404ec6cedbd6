"""Bots as their actors and the settlement know them: terms, secrets, and the mirror of what the chain said.

What pages show of bots is in :mod:`arena.store.bot_views`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from asyncpg import Record

from arena.economy import ExpiryRule, FeeSchedule, Split
from arena.store.batch import RANK_BOT, RANK_MIRROR, insert, update
from persistence import Database, Write


class BotStatus(StrEnum):
    """Where a bot is in its life.

    ``draft``: not paid for; ``opening``: its creation is sent; ``open``: takes messages; ``solved`` and
    ``expired``: ended, money is moving; ``closing``: the close is sent; ``closed``: the end. ``halted``:
    something that cannot be by design was seen, operators decide.
    """

    DRAFT = "draft"
    OPENING = "opening"
    OPEN = "open"
    SOLVED = "solved"
    EXPIRED = "expired"
    CLOSING = "closing"
    CLOSED = "closed"
    HALTED = "halted"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBot:
    """A draft. Wallets and keys are base58; ``closes_at`` is in whole seconds, as the chain stores it;
    ``idle_after`` is in seconds. ``secret``, ``salt`` and ``credentials`` are encrypted already."""

    id: UUID
    creator_id: UUID
    address: str
    founding_key: str
    name: str
    kind: str
    public: Mapping[str, object]
    secret: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    credentials: bytes | None = field(default=None, repr=False)
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
    demo: bool = False

    @property
    def fees(self) -> FeeSchedule:
        return FeeSchedule(self.fee_base, self.fee_growth_bps, self.fee_cap)

    @property
    def split(self) -> Split:
        return Split(self.pot_bps, self.creator_bps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot(NewBot):
    """The whole row.

    ``pot``, ``message_count`` and ``event_seq`` are those of the last event of the chain that was taken in;
    ``judged_count`` is the index up to which messages are judged (or will be refunded unjudged);
    ``next_price`` is what the next message costs, in lamports, after ``message_count`` messages;
    ``frame_seq`` is the last one in ``bot_events``.
    """

    status: BotStatus
    pot: int
    message_count: int
    event_seq: int
    judged_count: int
    next_price: int
    frame_seq: int
    opened_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """Everything of a bot's row that changes, as it shall be. ``was``: the status it must have now."""

    bot_id: UUID
    was: BotStatus
    status: BotStatus
    pot: int
    message_count: int
    event_seq: int
    judged_count: int
    next_price: int
    frame_seq: int
    opened_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PendingBot:
    """A bot that has something to do or to wait for."""

    id: UUID
    address: str
    status: BotStatus
    event_seq: int


INSERT = insert(
    "bots.insert",
    "bots",
    {
        "id": "uuid",
        "creator_id": "uuid",
        "address": "text",
        "founding_key": "text",
        "name": "text",
        "kind": "text",
        "public": "jsonb",
        "secret": "bytea",
        "salt": "bytea",
        "credentials": "bytea",
        "objective_hash": "bytea",
        "fee_base": "bigint",
        "fee_growth_bps": "integer",
        "fee_cap": "bigint",
        "pot_bps": "integer",
        "creator_bps": "integer",
        "initial_pot": "bigint",
        "closes_at": "timestamptz",
        "idle_after": "integer",
        "idle_min_messages": "bigint",
        "expiry_rule": "text",
        "demo": "boolean",
        "pot": "bigint",
        "next_price": "bigint",
    },
    RANK_BOT,
)
"""A draft, whose pot is the initial one and whose price the first. Single writer: the request that drafts it."""

MIRROR_COLUMNS = {
    "id": "uuid",
    "was": "text",
    "status": "text",
    "pot": "bigint",
    "message_count": "bigint",
    "event_seq": "bigint",
    "judged_count": "bigint",
    "next_price": "bigint",
    "frame_seq": "bigint",
    "opened_at": "timestamptz",
    "ended_at": "timestamptz",
}
MIRROR_VALUES = """status = v.status, pot = v.pot, message_count = v.message_count, event_seq = v.event_seq,
    judged_count = v.judged_count, next_price = v.next_price, frame_seq = v.frame_seq, opened_at = v.opened_at,
    ended_at = v.ended_at"""

MIRROR = update(
    "bots.mirror",
    "bots",
    MIRROR_COLUMNS,
    set_=MIRROR_VALUES,
    where="""t.id = v.id and t.status = v.was
        and t.event_seq <= v.event_seq and t.judged_count <= v.judged_count and t.frame_seq <= v.frame_seq""",
    rank=RANK_MIRROR,
    together=True,
)
"""Single writer: the bot's actor. Refused when the status is another, or a counter would go back."""

REWIND = update(
    "bots.rewind",
    "bots",
    MIRROR_COLUMNS,
    set_=MIRROR_VALUES,
    where="t.id = v.id and t.status = v.was and t.frame_seq <= v.frame_seq",
    rank=RANK_MIRROR,
)
"""Single writer: the bot's actor, when the chain took events back: the only time that counters go back."""

CREDENTIALS = update(
    "bots.credentials",
    "bots",
    {"id": "uuid", "credentials": "bytea"},
    set_="credentials = v.credentials",
    where="t.id = v.id",
    rank=RANK_MIRROR,
)
"""Single writer: the bot's actor."""

# JSON is read as text, so that it does not matter which codec a connection has for it
_SELECT = """select id, creator_id, address, founding_key, name, kind, public::text as public, secret, salt,
credentials,
    objective_hash, fee_base, fee_growth_bps, fee_cap, pot_bps, creator_bps, initial_pot, closes_at,
    idle_after, idle_min_messages, expiry_rule, demo, status, pot, message_count, event_seq, judged_count,
    next_price, frame_seq, opened_at, ended_at, created_at, updated_at
    from bots"""


def draft(bot: NewBot) -> Write:
    """Insert a draft; its pot is the initial one. By the request that drafts it."""
    return INSERT.row(
        bot.id,
        bot.creator_id,
        bot.address,
        bot.founding_key,
        bot.name,
        bot.kind,
        json.dumps(dict(bot.public)),
        bot.secret,
        bot.salt,
        bot.credentials,
        bot.objective_hash,
        bot.fee_base,
        bot.fee_growth_bps,
        bot.fee_cap,
        bot.pot_bps,
        bot.creator_bps,
        bot.initial_pot,
        bot.closes_at,
        bot.idle_after,
        bot.idle_min_messages,
        bot.expiry_rule.value,
        bot.demo,
        bot.initial_pot,
        bot.fee_base,
    )


def mirror(state: Mirror) -> Write:
    """Bring the row up to ``state``. By the bot's actor."""
    return MIRROR.row(*_values(state))


def rewind(state: Mirror) -> Write:
    """The same when the chain took events back: its counters go back."""
    return REWIND.row(*_values(state))


def _values(state: Mirror) -> tuple[object, ...]:
    """In the order of `MIRROR_COLUMNS`."""
    return (
        state.bot_id,
        state.was.value,
        state.status.value,
        state.pot,
        state.message_count,
        state.event_seq,
        state.judged_count,
        state.next_price,
        state.frame_seq,
        state.opened_at,
        state.ended_at,
    )


def change_credentials(bot_id: UUID, credentials: bytes) -> Write:
    """Replace a bot's encrypted credentials. By the bot's actor."""
    return CREDENTIALS.row(bot_id, credentials)


async def get(database: Database, bot_id: UUID) -> Bot | None:
    """The bot, or ``None``."""
    record = await database.fetch_one(f"{_SELECT} where id = $1", bot_id)
    return None if record is None else _bot(record)


async def by_address(database: Database, address: str) -> Bot | None:
    """The bot whose account on chain is at ``address``, or ``None``."""
    record = await database.fetch_one(f"{_SELECT} where address = $1", address)
    return None if record is None else _bot(record)


async def pending(
    database: Database, *, after: UUID | None = None, limit: int = 1000, at_work: bool = False
) -> list[PendingBot]:
    """Bots with anything pending, by id: open ones, ended ones until all money is final, and whatever has messages in
    flight. ``at_work``: without those that are only open.

    A page of ``limit``; go on ``after`` the last one's id.
    """
    records = await database.fetch(
        """
        select id, address, status, event_seq from bots
        where id in (
            select id from bots where status in ('opening', 'solved', 'expired', 'closing')
            union
            select id from bots where status = 'open' and not $3
            union
            select bot_id from messages
                join bots b on b.id = bot_id and b.status <> 'halted'
                where messages.status in ('paying', 'paid', 'refunding')
            union
            select bot_id from chain_events where not final
        ) and ($1::uuid is null or id > $1)
        order by id limit $2
        """,
        after,
        limit,
        at_work,
    )
    return [
        PendingBot(record["id"], record["address"], BotStatus(record["status"]), record["event_seq"])
        for record in records
    ]


async def count_halted(database: Database) -> int:
    """How many bots wait for a decision of operators."""
    return int(await database.fetch_value("select count(*) from bots where status = 'halted'"))


async def demo(database: Database, *, limit: int = 100) -> list[Bot]:
    """The demo bots, drafts too, the newest first."""
    records = await database.fetch(f"{_SELECT} where demo order by id desc limit $1", limit)
    return [_bot(record) for record in records]


async def count_drafts(database: Database, creator_id: UUID) -> int:
    """How many drafts a creator has."""
    return int(
        await database.fetch_value(
            "select count(*) from bots where creator_id = $1 and status = 'draft'", creator_id
        )
    )


async def purge_drafts(database: Database, before: datetime) -> int:
    """Delete drafts made before ``before`` for which nothing was ever sent. How many there were."""
    return int(
        await database.fetch_value(
            """
            with gone as (
                delete from bots b where status = 'draft' and created_at < $1
                    and not exists (select from network_transactions where bot_id = b.id)
                    and not exists (select from bot_events where bot_id = b.id)
                    and not exists (select from chat_sessions where bot_id = b.id)
                returning 1
            ) select count(*) from gone
            """,
            before,
        )
    )


def _bot(record: Record) -> Bot:
    values = dict(record)
    return Bot(
        **values
        | {
            "public": json.loads(values["public"]),
            "expiry_rule": ExpiryRule(values["expiry_rule"]),
            "status": BotStatus(values["status"]),
        }
    )
