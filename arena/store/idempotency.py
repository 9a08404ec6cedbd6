"""Requests that a client may repeat under a key of its own: done once, answered the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from persistence import Database

ABANDONED_AFTER: Final = timedelta(minutes=2)
"""A claim of this age without a response belongs to a process that died; the next one may take it over."""
MAX_KEYS: Final = 1_000
"""Keys of one owner that are remembered at a time."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The request is ours to do; then :func:`finish` or :func:`release` it."""


@dataclass(frozen=True, slots=True)
class Replay:
    """It was done before: this was the response."""

    status: int
    response: bytes
    location: str | None


@dataclass(frozen=True, slots=True)
class InProgress:
    """Someone is doing it right now."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The owner has as many keys as can be remembered."""


Claim = Claimed | Replay | InProgress | Mismatch | Exhausted


async def claim(database: Database, owner: str, key: str, request_hash: bytes) -> Claim:
    """What to do about a request with this key of ``owner`` (at most 100 characters).

    ``request_hash`` (32 bytes) tells requests apart.
    """
    for _ in range(3):
        taken = await database.fetch_value(
            """
            insert into idempotency_keys as i (owner, key, request_hash)
            select $1, $2, $3 where (
                select count(*) from (select from idempotency_keys where owner = $1 and key <> $2 limit $5) o
            ) < $5
            on conflict (owner, key) do update set request_hash = excluded.request_hash
                where i.status is null and i.request_hash = excluded.request_hash
                    and i.updated_at < now() - $4::interval
            returning true
            """,
            owner,
            key,
            request_hash,
            ABANDONED_AFTER,
            MAX_KEYS,
        )
        if taken:
            return Claimed()
        record = await database.fetch_one(
            """
            select request_hash, status, response, location from idempotency_keys
            where owner = $1 and key = $2
            """,
            owner,
            key,
        )
        if record is not None:
            if record["request_hash"] != request_hash:
                return Mismatch()
            if record["status"] is None:
                return InProgress()
            return Replay(record["status"], record["response"], record["location"])
        if await _count(database, owner) >= MAX_KEYS:
            return Exhausted()
        # released or purged in between: claim it again
    return InProgress()


async def _count(database: Database, owner: str) -> int:
    return int(await database.fetch_value("select count(*) from idempotency_keys where owner = $1", owner))


async def finish(
    database: Database,
    owner: str,
    key: str,
    *,
    status: int,
    response: bytes,
    location: str | None = None,
) -> None:
    """Remember the response of a request that was claimed. Only the first one counts."""
    await database.execute(
        """
        update idempotency_keys set status = $3, response = $4, location = $5
        where owner = $1 and key = $2 and status is null
        """,
        owner,
        key,
        status,
        response,
        location,
    )


async def release(database: Database, owner: str, key: str) -> None:
    """Give a claim back undone, so that the request can be tried again."""
    await database.execute(
        "delete from idempotency_keys where owner = $1 and key = $2 and status is null", owner, key
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
