"""Bots as pages show them: joined with the wallets of people, without anything secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from arena.economy import ExpiryRule
from arena.store.bots import BotStatus
from persistence import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class BotLine:
    """A bot in a list. ``winner`` and ``reward`` are there once it is solved."""

    id: UUID
    creator: str
    creator_name: str | None
    address: str
    name: str
    kind: str
    initial_pot: int
    closes_at: datetime
    demo: bool
    status: BotStatus
    pot: int
    message_count: int
    next_price: int
    opened_at: datetime | None
    ended_at: datetime | None
    winner: str | None
    reward: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BotView(BotLine):
    """One bot. ``public`` is the whole public configuration, with hints that are still locked: show it only
    through :func:`arena.brains.public_view`. ``revision`` counts how often ``description`` was changed."""

    creator_id: UUID
    public: Mapping[str, object]
    objective_hash: bytes
    fee_base: int
    fee_growth_bps: int
    fee_cap: int
    pot_bps: int
    creator_bps: int
    idle_after: int
    idle_min_messages: int
    expiry_rule: ExpiryRule
    judged_count: int
    frame_seq: int
    created_at: datetime
    description: str
    revision: int
    winning_index: int | None


PUBLIC_STATUSES = frozenset(BotStatus) - {BotStatus.DRAFT, BotStatus.OPENING}
"""What everybody sees; a creator also sees own drafts."""

_LINE: Final = """
    b.id, u.wallet as creator, u.username as creator_name, b.address, b.name, b.kind, b.initial_pot, b.closes_at,
    b.demo, b.status, b.pot, b.message_count, b.next_price, b.opened_at, b.ended_at, w.wallet as winner,
    case when s.message_id is not null then s.reward end as reward
"""
_FROM: Final = """
    from bots b join users u on u.id = b.creator_id
        left join bot_solutions s on s.bot_id = b.id left join users w on w.id = s.winner_id
"""
SELECT_LINE: Final = f"select {_LINE} {_FROM}"
SELECT: Final = f"""
    select {_LINE}, b.creator_id, b.public::text as public, b.objective_hash, b.fee_base, b.fee_growth_bps,
        b.fee_cap, b.pot_bps, b.creator_bps, b.idle_after, b.idle_min_messages, b.expiry_rule, b.judged_count,
        b.frame_seq, b.created_at, t.description, t.revision, s.message_index as winning_index
    {_FROM} join bot_texts t on t.bot_id = b.id
"""


async def get(database: Database, bot_id: UUID) -> BotView | None:
    """The bot, drafts too, or ``None``."""
    record = await database.fetch_one(f"{SELECT} where b.id = $1", bot_id)
    return None if record is None else view(record)


async def by_address(database: Database, address: str) -> BotView | None:
    """The bot whose account on chain is at ``address``, or ``None``."""
    record = await database.fetch_one(f"{SELECT} where b.address = $1", address)
    return None if record is None else view(record)


async def richest(database: Database, *, limit: int) -> list[BotView]:
    """Open bots, those with the largest pots first."""
    records = await database.fetch(
        f"{SELECT} where b.status = 'open' order by b.pot desc, b.id desc limit $1", limit
    )
    return [view(record) for record in records]


def line(record: Record) -> BotLine:
    """What `SELECT_LINE` has found."""
    values = dict(record)
    values["status"] = BotStatus(values["status"])
    return BotLine(**values)


def view(record: Record) -> BotView:
    """What `SELECT` has found."""
    values = dict(record)
    return BotView(
        **values
        | {
            "public": json.loads(values["public"]),
            "expiry_rule": ExpiryRule(values["expiry_rule"]),
            "status": BotStatus(values["status"]),
        }
    )
