"""What somebody has spent, won and earned, hour by hour or day by day, counted from the rows.

`spent` and `won` count what the profile counts, `earned` what the board of creators does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from arena.store import earnings
from arena.store.leaderboards import Window
from arena.store.profiles import KEPT, REWARDED
from arena.store.users import User
from persistence import Database

MAX_DAYS: Final = 366
"""How far back a history goes."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """An hour or a day in UTC. Amounts are lamports: ``spent`` by when messages were sent, ``won`` and ``earned`` by
    when the verdicts were given."""

    begins_at: datetime
    spent: int
    won: int
    earned: int


def width(window: Window) -> timedelta:
    """How long a bucket is."""
    return _HOUR if window is Window.DAY else _DAY


async def read(database: Database, user: User, window: Window, now: datetime | None = None) -> list[Bucket]:
    """Every bucket of the window, the one of ``now`` last, also those in which nothing was done.

    ``Window.ALL`` begins when the user joined, and not more than `MAX_DAYS` ago.
    """
    begins = _beginnings(user, window, now or datetime.now(UTC))
    records = await database.fetch(
        f"""
        select date_trunc($3, moved.at, 'UTC') as begins_at, sum(spent)::bigint as spent,
            sum(won)::bigint as won, sum(earned)::bigint as earned
        from (
            select created_at as at, amount as spent, 0 as won, 0 as earned from messages
                where solver_id = $1 and {KEPT} and created_at >= $2
            union all
            select created_at, 0, reward, 0 from bot_solutions
                where winner_id = $1 and {REWARDED} and created_at >= $2
            union all
            select m.judged_at, 0, 0, {earnings.SHARE} from bots b join messages m on m.bot_id = b.id
                where b.creator_id = $1 and {earnings.COUNTS} and m.judged_at >= $2
        ) moved group by 1
        """,  # noqa: S608 -- made of constants
        user.id,
        begins[0],
        "hour" if width(window) is _HOUR else "day",
    )
    found = {record["begins_at"]: Bucket(**record) for record in records}
    return [found.get(begin) or Bucket(begin, 0, 0, 0) for begin in begins]


def _beginnings(user: User, window: Window, now: datetime) -> list[datetime]:
    step = width(window)
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if step is _DAY:
        last = last.replace(hour=0)
    if window.span is not None:
        count = window.span // step
    else:
        joined = user.created_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        count = min(MAX_DAYS, max(0, (last - joined) // step) + 1)
    return [last - step * ago for ago in reversed(range(count))]
