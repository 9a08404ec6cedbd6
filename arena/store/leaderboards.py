"""Who has earned how much: computed from rewards and verdicts, whenever it is asked for.

Nobody gets onto a board by paying himself: what creators win from, or pay to, their own bots does not count; nor does
what the house earns with its demo bots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from arena.store import earnings
from persistence import Database

MAX_RANKED: Final = 10_000
"""Places that are known; who comes after them is counted, but has no place."""


class Board(StrEnum):
    """``solvers``: by rewards that are final. ``creators``: by their shares of the fees of judged messages."""

    CREATORS = "creators"
    SOLVERS = "solvers"


class Window(StrEnum):
    """Since when it counts: the verdict was given within this time."""

    ALL = "all"
    MONTH = "30d"
    WEEK = "7d"
    DAY = "24h"

    @property
    def span(self) -> timedelta | None:
        """How long ago it begins, or ``None`` if it has no beginning."""
        return _SPANS.get(self)


_SPANS: Final = {
    Window.MONTH: timedelta(days=30),
    Window.WEEK: timedelta(days=7),
    Window.DAY: timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's place. Who has the same ``lamports`` has the same ``rank``, and the next rank is left out.

    ``count``: of bots solved, or of messages to own bots that were judged.
    """

    rank: int
    wallet: str
    username: str | None
    lamports: int
    count: int


_EARNED: Final[Mapping[Board, str]] = MappingProxyType(
    {
        Board.SOLVERS: """
            select s.winner_id as user_id, s.reward as lamports
            from bot_solutions s join bots b on b.id = s.bot_id
            where s.status in ('paid', 'closed') and s.winner_id is not null and s.winner_id <> b.creator_id
                and ($1::timestamptz is null or s.created_at >= $1)
        """,
        Board.CREATORS: f"""
            select b.creator_id as user_id, {earnings.SHARE} as lamports
            from messages m join bots b on b.id = m.bot_id
            where {earnings.COUNTS} and ($1::timestamptz is null or m.judged_at >= $1)
        """,  # noqa: S608 -- made of constants
    }
)


async def read(database: Database, board: Board, window: Window) -> tuple[list[Standing], int]:
    """The first `MAX_RANKED` standings, by rank and wallet, and how many there are in all."""
    since = None if window.span is None else datetime.now(UTC) - window.span
    records = await database.fetch(
        f"""
        with scores as (
            select user_id, sum(lamports)::bigint as lamports, count(*) as count
            from ({_EARNED[board]}) earned group by user_id having sum(lamports) > 0
        )
        select rank() over (order by s.lamports desc) as rank, u.wallet, u.username, s.lamports, s.count,
            count(*) over () as total
        from scores s join users u on u.id = s.user_id
        order by s.lamports desc, u.wallet collate "C" limit $2
        """,  # noqa: S608 -- made of constants
        since,
        MAX_RANKED,
    )
    standings = [
        Standing(record["rank"], record["wallet"], record["username"], record["lamports"], record["count"])
        for record in records
    ]
    return standings, records[0]["total"] if records else 0
