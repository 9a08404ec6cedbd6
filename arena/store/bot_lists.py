"""Lists of bots: filtered, sorted, a page at a time.

A page begins after a place: the sorted value and the id of the last bot before it. What moves between two pages (a pot
grows) may be on both or on none; everything else is on one page exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from arena.store import search
from arena.store.bot_views import PUBLIC_STATUSES, SELECT_LINE, BotLine, line
from arena.store.bots import BotStatus
from persistence import Database


class BotSort(StrEnum):
    """``pot``: the largest first; ``price``: the cheapest next message first; ``ending``: the soonest first;
    ``played``: the most messages first."""

    NEWEST = "newest"
    POT = "pot"
    PRICE = "price"
    ENDING = "ending"
    PLAYED = "played"


@dataclass(frozen=True, slots=True)
class _Order:
    column: str
    type: str
    descending: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return ("id",) if self.column == "id" else (self.column, "id")

    @property
    def sql(self) -> str:
        direction = "desc" if self.descending else "asc"
        return ", ".join(f"b.{column} {direction}" for column in self.columns)

    @property
    def beyond(self) -> str:
        return "<" if self.descending else ">"


_ORDERS: Final[Mapping[BotSort, _Order]] = MappingProxyType(
    {
        BotSort.NEWEST: _Order("id", "uuid", descending=True),
        BotSort.POT: _Order("pot", "bigint", descending=True),
        BotSort.PRICE: _Order("next_price", "bigint", descending=False),
        BotSort.ENDING: _Order("closes_at", "timestamptz", descending=False),
        BotSort.PLAYED: _Order("message_count", "bigint", descending=True),
    }
)

SortValue = int | datetime | UUID


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bot is in a list."""

    value: SortValue
    id: UUID


def place(bot: BotLine, sort: BotSort) -> Place:
    """Where the bot is in a list that is sorted so."""
    values: dict[BotSort, SortValue] = {
        BotSort.NEWEST: bot.id,
        BotSort.POT: bot.pot,
        BotSort.PRICE: bot.next_price,
        BotSort.ENDING: bot.closes_at,
        BotSort.PLAYED: bot.message_count,
    }
    return Place(values[sort], bot.id)


async def page(
    database: Database,
    *,
    statuses: Collection[BotStatus] = PUBLIC_STATUSES,
    creator_id: UUID | None = None,
    kind: str | None = None,
    text: str | None = None,
    sort: BotSort = BotSort.NEWEST,
    after: Place | None = None,
    limit: int = 50,
) -> list[BotLine]:
    """A page of the bots for which all of this holds.

    Args:
        text: words that are all in the bot's texts, or begin a word there; a text without any word finds nothing.
    """
    order = _ORDERS[sort]
    if not statuses:
        return []
    args: list[object] = [limit, *sorted(status.value for status in statuses)]
    # one parameter each: the planner knows how many there are, and keeps a plan instead of making it every time
    listed = ", ".join(f"(${number}::text)" for number in range(2, len(args) + 1))
    conditions = ["b.status = s.status"]

    def hold(condition: str, *values: object) -> None:
        numbers = range(len(args) + 1, len(args) + 1 + len(values))
        args.extend(values)
        conditions.append(condition.format(*(f"${number}" for number in numbers)))

    if creator_id is not None:
        hold("b.creator_id = {}", creator_id)
    if kind is not None:
        hold("b.kind = {}", kind)
    if text is not None:
        if (asked := search.asked(text)) is None:
            return []
        # a subquery of its own: the few bots with these words are found first
        hold("b.id in (select bot_id from bot_texts where search @@ {}::text::tsquery)", asked)
    if after is not None:
        hold(
            f"(b.{order.column}, b.id) {order.beyond} ({{}}::{order.type}, {{}}::uuid)", after.value, after.id
        )
    selected = ", ".join(f"b.{column}" for column in order.columns)
    # each status by itself, so that an index has its bots in order; then the first of all
    records = await database.fetch(
        f"""
        with page as (
            select b.id from (values {listed}) as s(status) cross join lateral (
                select {selected} from bots b where {" and ".join(conditions)}
                order by {order.sql} limit $1
            ) b order by {order.sql} limit $1
        )
        {SELECT_LINE} where b.id in (select id from page) order by {order.sql}
        """,  # noqa: S608 -- made of constants
        *args,
    )
    return [line(record) for record in records]
