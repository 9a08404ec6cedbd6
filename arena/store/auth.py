"""Sign-in: nonces that are used once, and session tokens that were logged out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

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


async def revoke_token(database: Database, jti: UUID, *, expires_at: datetime) -> None:
    """Refuse the token ``jti`` from now on; ``expires_at`` is its own expiry. Safe to repeat."""
    await database.execute(
        "insert into revoked_tokens (jti, expires_at) values ($1, $2) on conflict (jti) do nothing",
        jti,
        expires_at,
    )


async def is_good(database: Database, jti: UUID, user_id: UUID) -> bool:
    """Whether the token ``jti`` was not logged out, and its user is there: a restored database may know fewer."""
    return bool(
        await database.fetch_value(
            """
            select exists (select from users where id = $2)
                and not exists (select from revoked_tokens where jti = $1)
            """,
            jti,
            user_id,
        )
    )


async def purge_expired(database: Database) -> int:
    """Delete nonces and revocations that no longer matter. How many there were."""
    return int(
        await database.fetch_value(
            """
            with n as (delete from nonces where expires_at < now() returning 1),
                r as (delete from revoked_tokens where expires_at < now() returning 1)
            select (select count(*) from n) + (select count(*) from r)
            """
        )
    )
