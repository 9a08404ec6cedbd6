"""Sessions of users who signed in, and the refresh tokens that keep them going, known by their hashes alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from arena.ids import new_id
from persistence import Database
from persistence.database import Connection

MAX_SESSIONS: Final = 100
"""Of one user; the oldest ones end when there are more."""
MAX_REFRESHES: Final = 10_000
"""Of one session; then it ends."""


@dataclass(frozen=True, slots=True)
class AuthSession:
    """A session of the user of ``wallet`` that has not ended."""

    id: UUID
    user_id: UUID
    wallet: str
    username: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A session began; ``ended`` are those of its user that had to end for it."""

    session: AuthSession
    ended: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Ended:
    """The session ended, because its token was used again or too often."""

    session: AuthSession


_SELECT: Final = """
    select s.id, s.user_id, u.wallet, u.username, s.created_at, s.expires_at
    from auth_sessions s join users u on u.id = s.user_id
"""


async def begin(database: Database, user_id: UUID, token_hash: bytes, *, expires_at: datetime) -> Begun:
    """A new session of the user, with its first refresh token."""

    async def work(connection: Connection) -> Begun:
        session_id = new_id()
        await connection.execute(
            "insert into auth_sessions (id, user_id, expires_at) values ($1, $2, $3)",
            session_id,
            user_id,
            expires_at,
        )
        await _add(connection, session_id, token_hash)
        ended = await connection.fetch(
            """
            delete from auth_sessions where id in (
                select id from auth_sessions where user_id = $1 and id <> $2 order by id desc offset $3
            ) returning id
            """,
            user_id,
            session_id,
            MAX_SESSIONS - 1,
        )
        session = await connection.fetchrow(f"{_SELECT} where s.id = $1", session_id)
        assert session is not None, "it was inserted above"
        return Begun(_session(session), frozenset(record["id"] for record in ended))

    return await database.run(work)


async def rotate(database: Database, token_hash: bytes, successor: bytes) -> AuthSession | Ended | None:
    """Exchange a session's unused refresh token for its successor (both hashes). None: there is no such token.

    A token that was used before ends its session, unless it was exchanged for the same successor and that is still
    unused: then this is the same request once more, and answered the same.
    """

    async def work(connection: Connection) -> AuthSession | Ended | None:
        session_id = await connection.fetchval(
            "select session_id from refresh_tokens where hash = $1", token_hash
        )
        # locked before anything is read that may change: one request of a session at a time
        record = await connection.fetchrow(
            f"{_SELECT} where s.id = $1 and s.expires_at > now() for update of s", session_id
        )
        if record is None:
            return None
        session = _session(record)
        used = "select used_at is not null from refresh_tokens where hash = $1 and session_id = $2"
        if await connection.fetchval(used, token_hash, session.id):
            if await connection.fetchval(used, successor, session.id) is False:
                return session
        elif await connection.fetchval(
            "update auth_sessions set refreshes = refreshes + 1 where id = $1 and refreshes < $2 returning true",
            session.id,
            MAX_REFRESHES,
        ):
            await connection.execute("update refresh_tokens set used_at = now() where hash = $1", token_hash)
            await _add(connection, session.id, successor)
            return session
        await connection.execute("delete from auth_sessions where id = $1", session.id)
        return Ended(session)

    return await database.run(work)


async def get(database: Database, session_id: UUID, user_id: UUID) -> AuthSession | None:
    """The session, unless it has ended or is another user's."""
    record = await database.fetch_one(
        f"{_SELECT} where s.id = $1 and s.user_id = $2 and s.expires_at > now()", session_id, user_id
    )
    return None if record is None else _session(record)


async def is_open(database: Database, session_id: UUID, user_id: UUID) -> bool:
    """Whether the user has this session and it has not ended."""
    return bool(
        await database.fetch_value(
            """
            select exists (
                select from auth_sessions where id = $1 and user_id = $2 and expires_at > now()
            )
            """,
            session_id,
            user_id,
        )
    )


async def end(database: Database, session_id: UUID) -> None:
    """End the session with all its tokens. Safe to repeat."""
    await database.execute("delete from auth_sessions where id = $1", session_id)


async def end_all(database: Database, user_id: UUID) -> frozenset[UUID]:
    """End all sessions of the user; which these were."""
    records = await database.fetch("delete from auth_sessions where user_id = $1 returning id", user_id)
    return frozenset(record["id"] for record in records)


async def _add(connection: Connection, session_id: UUID, token_hash: bytes) -> None:
    await connection.execute(
        "insert into refresh_tokens (hash, session_id) values ($1, $2)", token_hash, session_id
    )


def _session(record: Record) -> AuthSession:
    return AuthSession(**dict(record))
