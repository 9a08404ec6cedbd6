"""Chat sessions: one a player and bot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from asyncpg import Record

from arena.ids import new_id
from arena.store.batch import RANK_SESSIONS, update
from arena.store.bots import BotStatus
from persistence import Database, Write


class SessionStatus(StrEnum):
    """``closed``: its bot has ended."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ChatSession:
    """The chat of ``solver`` (a wallet) with a bot."""

    id: UUID
    bot_id: UUID
    solver_id: UUID
    solver: str
    status: SessionStatus
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NamedSession(ChatSession):
    """The same with what a list shows of the bot."""

    bot_name: str
    bot_status: BotStatus


CLOSE = update(
    "sessions.close",
    "chat_sessions",
    {"bot_id": "uuid"},
    set_="status = 'closed'",
    where="t.bot_id = v.bot_id and t.status = 'active'",
    rank=RANK_SESSIONS,
    exact=False,
)
"""All sessions of a bot. Single writer: the bot's actor, when the bot ends."""

REOPEN = update(
    "sessions.reopen",
    "chat_sessions",
    {"bot_id": "uuid"},
    set_="status = 'active'",
    where="t.bot_id = v.bot_id and t.status = 'closed'",
    rank=RANK_SESSIONS,
    exact=False,
)
"""Single writer: the bot's actor."""

_SELECT = """
    select s.id, s.bot_id, s.solver_id, u.wallet as solver, s.status, s.created_at
    from chat_sessions s join users u on u.id = s.solver_id
"""


def close_all(bot_id: UUID) -> Write:
    """Close all sessions of a bot, however many there are. By the bot's actor."""
    return CLOSE.row(bot_id)


def reopen_all(bot_id: UUID) -> Write:
    """Open all sessions of a bot again: the chain took its closing back."""
    return REOPEN.row(bot_id)


async def find_or_create(database: Database, bot_id: UUID, solver_id: UUID) -> ChatSession:
    """The session of this player with this bot, made if there is none. Safe to repeat and to race.

    Both the bot and the user must be there.
    """
    session = await find(database, bot_id, solver_id)
    if session is not None:
        return session
    await database.execute(
        """
        insert into chat_sessions (id, bot_id, solver_id) values ($1, $2, $3)
        on conflict (bot_id, solver_id) do nothing
        """,
        new_id(),
        bot_id,
        solver_id,
    )
    session = await find(database, bot_id, solver_id)
    assert session is not None, "sessions are never deleted"
    return session


async def find(database: Database, bot_id: UUID, solver_id: UUID) -> ChatSession | None:
    """The session of this player with this bot, or ``None``."""
    record = await database.fetch_one(
        f"{_SELECT} where s.bot_id = $1 and s.solver_id = $2", bot_id, solver_id
    )
    return None if record is None else _session(record)


async def get(database: Database, session_id: UUID) -> ChatSession | None:
    """The session, or ``None``."""
    record = await database.fetch_one(f"{_SELECT} where s.id = $1", session_id)
    return None if record is None else _session(record)


async def of_solver(
    database: Database,
    solver_id: UUID,
    *,
    status: SessionStatus | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[NamedSession]:
    """A page of a player's sessions, the newest first; go on ``before`` the last one's id."""
    records = await database.fetch(
        """
        select s.id, s.bot_id, s.solver_id, u.wallet as solver, s.status, s.created_at, b.name as bot_name,
            b.status as bot_status
        from chat_sessions s join users u on u.id = s.solver_id join bots b on b.id = s.bot_id
        where s.solver_id = $1 and ($2::text is null or s.status = $2) and ($3::uuid is null or s.id < $3)
        order by s.id desc limit $4
        """,
        solver_id,
        status and status.value,
        before,
        limit,
    )
    return [
        NamedSession(
            **dict(record)
            | {"status": SessionStatus(record["status"]), "bot_status": BotStatus(record["bot_status"])}
        )
        for record in records
    ]


def _session(record: Record) -> ChatSession:
    values = dict(record)
    return ChatSession(**values | {"status": SessionStatus(values["status"])})
