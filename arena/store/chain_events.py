"""The program's events as a bot has taken them in, and whether the chain can still take them back.

The rows of a bot are numbered without a gap by ``event_seq``, and those that are final come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from asyncpg import Record

from arena.store.batch import RANK_CHAIN_EVENT, RANK_CHAIN_EVENT_END, insert, update
from persistence import Database, Statement, Write


@dataclass(frozen=True, slots=True)
class Keys:
    """Who co-signs a bot's fees and who signs its payouts, base58."""

    quote_key: str
    payout_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEvent:
    """An event; ``pot`` (lamports) and ``message_count`` are the books after it.

    ``keys``: those that the bot answers to from then on, if the event says so.
    """

    bot_id: UUID
    event_seq: int
    kind: str
    signature: str
    slot: int
    pot: int
    message_count: int
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class UnfinalPage:
    """Some of the events that the chain may still take back, and the last bot looked at if there may be more."""

    events: list[SeenEvent]
    last_bot: UUID | None


INSERT = insert(
    "chain_events.insert",
    "chain_events",
    {
        "bot_id": "uuid",
        "event_seq": "bigint",
        "kind": "text",
        "signature": "text",
        "slot": "bigint",
        "pot": "bigint",
        "message_count": "bigint",
        "quote_key": "text",
        "payout_key": "text",
    },
    RANK_CHAIN_EVENT,
    together=True,
)
"""Single writer: the bot's actor."""

FINAL = update(
    "chain_events.final",
    "chain_events",
    {"bot_id": "uuid", "event_seq": "bigint"},
    set_="final = true",
    where="t.bot_id = v.bot_id and t.event_seq <= v.event_seq and not t.final",
    rank=RANK_CHAIN_EVENT,
    exact=False,
    together=True,
)
"""Single writer: the bot's actor."""

TAKEN_BACK = Statement(
    name="chain_events.taken_back",
    sql="""delete from chain_events t using unnest($1::uuid[], $2::bigint[]) as v(bot_id, event_seq)
        where t.bot_id = v.bot_id and t.event_seq >= v.event_seq and not t.final""",
    columns=2,
    rank=RANK_CHAIN_EVENT_END,
    exact=False,
)
"""Single writer: the bot's actor."""


def seen(event: SeenEvent) -> Write:
    """Insert an event that the chain can still take back."""
    return INSERT.row(
        event.bot_id,
        event.event_seq,
        event.kind,
        event.signature,
        event.slot,
        event.pot,
        event.message_count,
        event.keys and event.keys.quote_key,
        event.keys and event.keys.payout_key,
    )


def final_up_to(bot_id: UUID, event_seq: int) -> Write:
    """Everything up to this event is final."""
    return FINAL.row(bot_id, event_seq)


def taken_back(bot_id: UUID, event_seq: int) -> Write:
    """The chain took back this event and all after it."""
    return TAKEN_BACK.row(bot_id, event_seq)


_SELECT: Final = """
select bot_id, event_seq, kind, signature, slot, pot, message_count, quote_key, payout_key from chain_events
"""
# A walk along the index of what is not final, every second: to sort all of it for a window took several times as long.
_UNFINAL_UP_TO: Final = f"""
with due as materialized (
    {_SELECT} where not final and slot <= $1 and bot_id > $2 order by bot_id, event_seq limit $3
), firsts as materialized (
    select bot_id, (
        select event_seq from chain_events e where e.bot_id = due_bots.bot_id and not final order by event_seq limit 1
    ) as first_seq
    from (select distinct bot_id from due) as due_bots
)
select * from due join firsts using (bot_id) order by bot_id, event_seq
"""  # noqa: S608 -- made of constants


async def unfinal(database: Database, bot_id: UUID, *, limit: int = 256) -> list[SeenEvent]:
    """The first events of a bot that are not known to be final, in order."""
    records = await database.fetch(
        f"{_SELECT} where bot_id = $1 and not final order by event_seq limit $2", bot_id, limit
    )
    return [_event(record) for record in records]


async def any_unfinal(database: Database) -> bool:
    """Whether the chain may still take back anything."""
    # in the order of the index of what is not final: without one, all that is final may be gone through first
    first = "select bot_id from chain_events where not final order by bot_id, event_seq limit 1"
    return await database.fetch_value(first) is not None


async def unfinal_up_to(database: Database, slot: int, *, after: UUID, limit: int) -> UnfinalPage:
    """Events that are not known to be final, of the bots whose id is greater than ``after``: by bot, in order, and of
    each bot only those before the first one in a slot after ``slot``.
    """
    records = await database.fetch(_UNFINAL_UP_TO, slot, after, limit)
    return UnfinalPage(_unbroken(records), records[-1]["bot_id"] if len(records) == limit else None)


async def get(database: Database, bot_id: UUID, event_seq: int) -> SeenEvent | None:
    """One event, or ``None``."""
    record = await database.fetch_one(f"{_SELECT} where bot_id = $1 and event_seq = $2", bot_id, event_seq)
    return None if record is None else _event(record)


async def closing(database: Database, bot_id: UUID) -> str | None:
    """The transaction that closed the bot, once that is final."""
    signature: str | None = await database.fetch_value(
        "select signature from chain_events where bot_id = $1 and kind = 'BotClosed' and final", bot_id
    )
    return signature


async def final_seq(database: Database, bot_id: UUID) -> int:
    """The ``event_seq`` up to which all is final; 0: nothing is."""
    return int(
        await database.fetch_value(
            "select coalesce(max(event_seq), 0) from chain_events where bot_id = $1 and final", bot_id
        )
    )


def _unbroken(records: Sequence[Record]) -> list[SeenEvent]:
    """Of each bot, what comes before the first event that is not there: it is in a later slot."""
    events: list[SeenEvent] = []
    bot_id, next_seq = None, 0
    for record in records:
        if record["bot_id"] != bot_id:
            bot_id, next_seq = record["bot_id"], record["first_seq"]
        if record["event_seq"] == next_seq:
            events.append(_event(record))
            next_seq += 1
    return events


def _event(record: Record) -> SeenEvent:
    values = dict(record)
    values.pop("first_seq", None)
    quote_key, payout_key = values.pop("quote_key"), values.pop("payout_key")
    return SeenEvent(**values, keys=None if quote_key is None else Keys(quote_key, payout_key))
