"""Signing in: nonces that are used once, and forgetting what has expired."""

from __future__ import annotations

from datetime import datetime

from persistence import Database


async def add_nonce(
    database: Database, nonce: str, *, expires_at: datetime, wallet: str | None = None
) -> None:
    """Remember a nonce that was handed out; with ``wallet``, only for that one."""
    await database.execute(
        "insert into nonces (nonce, wallet, expires_at) values ($1, $2, $3)", nonce, wallet, expires_at
    )


async def consume_nonce(database: Database, nonce: str, *, wallet: str) -> bool:
    """Use a nonce up for ``wallet``. Whether it was there, unexpired, unused, and for this wallet.

    One statement, so that of any number of racing requests one is told yes.
    """
    return bool(
        await database.fetch_value(
            """
            update nonces set used_at = now(), wallet = $2
            where nonce = $1 and used_at is null and expires_at > now() and (wallet is null or wallet = $2)
            returning true
            """,
            nonce,
            wallet,
        )
    )


async def purge_expired(database: Database) -> int:
    """Delete nonces and sessions that no longer matter. How many there were."""
    return int(
        await database.fetch_value(
            """
            with n as (delete from nonces where expires_at < now() returning 1),
                s as (delete from auth_sessions where expires_at < now() returning 1)
            select (select count(*) from n) + (select count(*) from s)
            """
        )
    )
