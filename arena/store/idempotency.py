"""Requests that a client may repeat under a key of its own: done once, answered the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from persistence import Database

ABANDONED_AFTER: Final = timedelta(minutes=2)
"""A claim of this age without a response belongs to a process that died; the next one may take it over."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The request is ours to do; then :func:`finish` or :func:`release` it."""


@dataclass(frozen=True, slots=True)
class Replay:
    """It was done before: this was the response."""

    status: int
    response: bytes


@dataclass(frozen=True, slots=True)
class InProgress:
    """Someone is doing it right now."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


Claim = Claimed | Replay | InProgress | Mismatch


async def claim(database: Database, user_id: UUID, key: str, request_hash: bytes) -> Claim:
    """What to do about a request with this key. ``request_hash`` (32 bytes) tells requests apart."""
    for _ in range(3):
        taken = await database.fetch_value(
            """
            insert into idempotency_keys as i (user_id, key, request_hash) values ($1, $2, $3)
            on conflict (user_id, key) do update set request_hash = excluded.request_hash
                where i.status is null and i.request_hash = excluded.request_hash and i.updated_at < now() -
                $4::interval
            returning true
            """,
            user_id,
            key,
            request_hash,
            ABANDONED_AFTER,
        )
        if taken:
            return Claimed()
        record = await database.fetch_one(
            "select request_hash, status, response from idempotency_keys where user_id = $1 and key = $2",
            user_id,
            key,
        )
        if record is not None:
            if record["request_hash"] != request_hash:
                return Mismatch()
            if record["status"] is None:
                return InProgress()
            return Replay(record["status"], record["response"])
        # released or purged in between: claim it again
    return InProgress()


async def finish(database: Database, user_id: UUID, key: str, *, status: int, response: bytes) -> None:
    """Remember the response of a request that was claimed. Only the first one counts."""
    await database.execute(
        """
        update idempotency_keys set status = $3, response = $4 where user_id = $1 and key = $2 and status is
        null """,
        user_id,
        key,
        status,
        response,
    )


async def release(database: Database, user_id: UUID, key: str) -> None:
    """Give a claim back undone, so that the request can be tried again."""
    await database.execute(
        "delete from idempotency_keys where user_id = $1 and key = $2 and status is null", user_id, key
    )


async def purge(database: Database, before: datetime) -> int:
    """Delete keys made before ``before``. How many there were."""
    return int(
        await database.fetch_value(
            """
            with gone as (delete from idempotency_keys where created_at < $1 returning 1)
            select count(*) from gone
            """,
            before,
        )
    )
