"""The log of a bot's durable frames, from which chats and spectators resume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from arena.store.batch import RANK_EVENT, insert
from persistence import Database, Write


@dataclass(frozen=True, slots=True)
class BotEvent:
    """A frame (JSON in UTF-8). ``session_id`` is ``None`` for what everybody may see."""

    bot_id: UUID
    seq: int
    session_id: UUID | None
    frame: bytes
    created_at: datetime


APPEND = insert(
    "events.append",
    "bot_events",
    {"bot_id": "uuid", "seq": "bigint", "session_id": "uuid", "frame": "jsonb"},
    RANK_EVENT,
    together=True,
)
"""Single writer: the bot's actor, which numbers them from 1 without gaps."""

_SELECT = """select bot_id, seq, session_id, frame::text as frame, created_at from bot_events"""


def append(bot_id: UUID, seq: int, session_id: UUID | None, frame: bytes | str) -> Write:
    """Insert one frame: JSON, which must not hold the character U+0000 (Postgres cannot)."""
    return APPEND.row(bot_id, seq, session_id, frame.decode() if isinstance(frame, bytes) else frame)


async def last_seq(database: Database, bot_id: UUID) -> int:
    """The number of the bot's last frame; 0 if there is none."""
    return int(
        await database.fetch_value("select coalesce(max(seq), 0) from bot_events where bot_id = $1", bot_id)
    )


async def for_session(
    database: Database, bot_id: UUID, session_id: UUID, *, after: int, limit: int = 500
) -> list[BotEvent]:
    """A page of what one session may see: its own frames and those for everybody, in order."""
    records = await database.fetch(
        f"""
        select * from (
            ({_SELECT}
                where session_id = $2 and bot_id = $1 and seq > $3 order by seq limit $4)
            union all
            ({_SELECT}
                where bot_id = $1 and session_id is null and seq > $3 order by seq limit $4)
        ) e order by seq limit $4
        """,  # noqa: S608
        bot_id,
        session_id,
        after,
        limit,
    )
    return [_event(record) for record in records]


async def public(database: Database, bot_id: UUID, *, after: int, limit: int = 500) -> list[BotEvent]:
    """A page of what everybody may see of a bot, in order."""
    records = await database.fetch(
        f"""
        {_SELECT} where bot_id = $1 and session_id is null and seq > $2
        order by seq limit $3
        """,
        bot_id,
        after,
        limit,
    )
    return [_event(record) for record in records]


def _event(record: Record) -> BotEvent:
    return BotEvent(
        record["bot_id"], record["seq"], record["session_id"], record["frame"].encode(), record["created_at"]
    )
