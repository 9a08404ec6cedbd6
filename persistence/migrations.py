"""Migrations: numbered plain SQL files, applied in order, each once, each in one transaction, forward only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import asyncpg

from persistence.database import Connection, Database

MIGRATIONS: Final[tuple[str, Traversable]] = ("persistence", files("persistence") / "migrations")
"""The tables of this package."""

_LOCK = 0x6D69_6772_6174_65  # "migrate": racing starters wait for one another


class MigrationError(Exception):
    """The database does not fit the code: a file was changed after it was applied, is missing, or fails."""


async def migrate(database: Database, *sets: tuple[str, Traversable]) -> list[str]:
    """Apply what the database does not have yet of the named sets of files, in their order.

    Returns the names of those that were applied, as "set/file".

    Raises:
        MigrationError: an applied file was changed, or the database has files that the code does not.
    """
    await database.run(_prepare)
    applied: list[str] = []
    for name, folder in sets:
        for file in sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=_name):
            apply = partial(_apply, set_name=name, file=file.name, sql=file.read_text("utf-8"))
            if await database.run(apply):
                applied.append(f"{name}/{file.name}")
        await _refuse_future(database, name, [file.name for file in folder.iterdir()])
    return applied


def _name(file: Traversable) -> str:
    return file.name


async def _prepare(connection: Connection) -> None:
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    await connection.execute(
        """
        create table if not exists schema_migrations (
            set_name text not null,
            file text not null,
            sha256 text not null,
            created_at timestamptz not null default now(),
            primary key (set_name, file)
        )
        """
    )


async def _apply(connection: Connection, set_name: str, file: str, sql: str) -> bool:
    """Apply one file unless it is there; whether it was applied now."""
    digest = sha256(sql.encode()).hexdigest()
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    known = await connection.fetchval(
        "select sha256 from schema_migrations where set_name = $1 and file = $2", set_name, file
    )
    if known == digest:
        return False
    if known is not None:
        raise MigrationError(f"{set_name}/{file} was changed after it had been applied")
    try:
        await connection.execute(sql)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{set_name}/{file} fails: {error}") from error
    await connection.execute(
        "insert into schema_migrations (set_name, file, sha256) values ($1, $2, $3)", set_name, file, digest
    )
    return True


async def _refuse_future(database: Database, set_name: str, have: Sequence[str]) -> None:
    ahead = await database.fetch(
        "select file from schema_migrations where set_name = $1 and not file = any($2::text[]) order by file",
        set_name,
        list(have),
    )
    if ahead:
        names = ", ".join(f"{set_name}/{row['file']}" for row in ahead)
        raise MigrationError(f"the database is ahead of this version: it has {names}")
