"""What a user has done, counted from the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from persistence import Database

KEPT: Final = "status in ('paid', 'judged')"
"""SQL: whether what was paid for a message was kept; not what was, or will be, refunded."""
REWARDED: Final = "status in ('paid', 'closed')"
"""SQL: whether a bot's reward is final on the chain."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Amounts are lamports.

    Attributes:
        bots_opened: own ones that were ever open.
        bots_played, messages, spent: what was paid and kept; not what was, or will be, refunded.
        bots_solved, won: rewards that are final on the chain.
    """

    bots_opened: int
    bots_played: int
    messages: int
    spent: int
    bots_solved: int
    won: int


async def deeds(database: Database, user_id: UUID) -> Deeds:
    """All that is counted of one user."""
    record = await database.fetch_one(
        f"""
        select * from
            (select count(*) as bots_opened from bots
                where creator_id = $1 and status not in ('draft', 'opening')) o,
            (select count(distinct bot_id) as bots_played, count(*) as messages,
                coalesce(sum(amount), 0)::bigint as spent
                from messages where solver_id = $1 and {KEPT}) p,
            (select count(*) as bots_solved, coalesce(sum(reward), 0)::bigint as won
                from bot_solutions where winner_id = $1 and {REWARDED}) s
        """,  # noqa: S608 -- made of constants
        user_id,
    )
    assert record is not None, "aggregates have one row"
    return Deeds(**record)
