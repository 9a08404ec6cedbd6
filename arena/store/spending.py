"""What bots have spent on language models, by day in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from arena.store.batch import RANK_SPENDING, RANK_SPENDING_CORRECTED
from persistence import Database, Statement, Write


@dataclass(frozen=True, slots=True)
class Spent:
    """A bot's tokens of a day. ``house``: at the operator's endpoint."""

    bot_id: UUID
    house: bool
    tokens: int


# a bot may be several times in one batch: it thinks about several messages at once
_SUMS = """(select v.day, v.bot_id, bool_or(v.house) as house, sum(v.tokens)::bigint as tokens
    from unnest($1::date[], $2::uuid[], $3::boolean[], $4::bigint[]) as v(day, bot_id, house, tokens)
    group by v.day, v.bot_id)"""

RESERVE = Statement(
    name="spending.reserve",
    sql=f"""insert into llm_spending (day, bot_id, house, tokens)
        select s.day, s.bot_id, s.house, s.tokens from {_SUMS} s
        on conflict (day, bot_id) do update set tokens = llm_spending.tokens + excluded.tokens""",  # noqa: S608
    columns=4,
    rank=RANK_SPENDING,
    exact=False,
)
"""Single writer: the arena's :class:`arena.game.spending.Spending`."""

CORRECT = Statement(
    name="spending.correct",
    sql=f"""update llm_spending t set tokens = t.tokens + s.tokens from {_SUMS} s
        where t.day = s.day and t.bot_id = s.bot_id and t.house = s.house""",  # noqa: S608
    columns=4,
    rank=RANK_SPENDING_CORRECTED,
    exact=False,
)
"""Single writer: likewise, of what it has reserved."""


def reserve(day: date, bot_id: UUID, tokens: int, *, house: bool) -> Write:
    """Add tokens to what a bot has spent on a day."""
    return RESERVE.row(day, bot_id, house, tokens)


def correct(day: date, bot_id: UUID, tokens: int, *, house: bool) -> Write:
    """Add to what was reserved for a day, or, with less than none, take back of it."""
    return CORRECT.row(day, bot_id, house, tokens)


async def of_day(database: Database, day: date) -> list[Spent]:
    """What was spent on a day: one for each bot that has, and no more bots have than are live."""
    records = await database.fetch("select bot_id, house, tokens from llm_spending where day = $1", day)
    return [Spent(record["bot_id"], record["house"], record["tokens"]) for record in records]


async def purge(database: Database, before: date) -> int:
    """Delete the days before ``before``. How many rows there were."""
    return int(
        await database.fetch_value(
            """
            with gone as (delete from llm_spending where day < $1 returning 1)
            select count(*) from gone
            """,
            before,
        )
    )
