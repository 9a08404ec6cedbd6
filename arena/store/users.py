"""Users: one row a wallet that ever signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record, UniqueViolationError

from arena.ids import new_id
from arena.store.batch import RANK_USER, update
from persistence import ChangeRejected, Database, Write


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who proved to hold ``wallet`` (base58)."""

    id: UUID
    wallet: str
    username: str | None
    created_at: datetime


RENAME = update(
    "users.rename",
    "users",
    {"id": "uuid", "username": "text", "skeleton": "text"},
    set_="username = v.username, username_skeleton = v.skeleton",
    where="t.id = v.id",
    rank=RANK_USER,
)
"""Single writer: the user's own requests."""

_SELECT = "select id, wallet, username, created_at from users"


async def find_or_create(database: Database, wallet: str) -> User:
    """The user of ``wallet``, made if there is none. Safe to repeat and to race."""
    record = await database.fetch_one(
        """
        with made as (
            insert into users (id, wallet) values ($1, $2) on conflict (wallet) do nothing
            returning id, wallet, username, created_at
        )
        select * from made
        union all select id, wallet, username, created_at from users where wallet = $2 limit 1
        """,
        new_id(),
        wallet,
    )
    if record is None:
        # made by someone else after this statement's snapshot was taken: now it can be seen
        record = await database.fetch_one(f"{_SELECT} where wallet = $1", wallet)
    assert record is not None, "users are never deleted"
    return _user(record)


def rename(user_id: UUID, username: str | None, skeleton: str | None) -> Write:
    """Call a user otherwise. Refused when somebody else's name has this skeleton: see `is_name_taken`."""
    return RENAME.row(user_id, username, skeleton)


def is_name_taken(error: ChangeRejected) -> bool:
    """Whether that is why a `rename` was refused."""
    cause = error.__cause__
    return isinstance(cause, UniqueViolationError) and cause.constraint_name == "users_username_skeleton"


async def get(database: Database, user_id: UUID) -> User | None:
    """The user, or ``None``."""
    record = await database.fetch_one(f"{_SELECT} where id = $1", user_id)
    return None if record is None else _user(record)


async def by_wallet(database: Database, wallet: str) -> User | None:
    """The user of ``wallet``, or ``None`` if it never signed in."""
    record = await database.fetch_one(f"{_SELECT} where wallet = $1", wallet)
    return None if record is None else _user(record)


def _user(record: Record) -> User:
    return User(**dict(record))
