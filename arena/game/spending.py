"""What brains spend on language models, held below the limits of a day.

Tokens are set aside, durably, before a request is sent, and given back afterwards as far as they were not used. So the
limits hold across a crash and with any number of requests at once; what is lost on the way counts as spent. The day is
that of UTC.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from arena.brains import SpendingLimitReached
from arena.settings import Settings
from arena.store import spending
from persistence import Change, Database, Journal, Write


class Spending:
    """All purses of one arena. In memory is what the database has: there is one arena on a database."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._of_a_bot = settings.arena_llm_daily_tokens_per_bot
        self._of_the_house = settings.arena_llm_daily_tokens
        self._journal = journal
        self._day = _today()
        self._bots: Counter[UUID] = Counter()
        self._house = 0

    async def load(self, database: Database) -> None:
        """Take up what was spent today. Once, before anything is."""
        self._day = _today()
        for spent in await spending.of_day(database, self._day):
            self._bots[spent.bot_id] += spent.tokens
            self._house += spent.tokens if spent.house else 0

    def purse(self, bot_id: UUID, limit: int | None, *, house: bool) -> BotPurse:
        """That of a bot. `limit` is its own; at the operator's endpoint (`house`) it can only lower the arena's."""
        bound = self._of_a_bot if limit is None else min(limit, self._of_a_bot) if house else limit
        return BotPurse(self, bot_id, bound, house)

    def affords(self, purse: BotPurse, tokens: int) -> bool:
        if (today := _today()) != self._day:
            self._day, self._house = today, 0
            self._bots.clear()
        within = self._bots[purse.bot_id] + tokens <= purse.limit
        return within and (not purse.house or self._house + tokens <= self._of_the_house)

    async def reserve(self, purse: BotPurse, tokens: int) -> Reserved:
        if not self.affords(purse, tokens):
            raise SpendingLimitReached(
                f"{tokens} tokens are needed; of today's the bot has used {self._bots[purse.bot_id]} "
                f"of {purse.limit}, the house {self._house} of {self._of_the_house}"
            )
        day = self._day
        self._count(purse, day, tokens)
        await self._commit(spending.reserve(day, purse.bot_id, tokens, house=purse.house))
        return Reserved(self, purse, day, tokens)

    async def correct(self, reserved: Reserved, used: int) -> None:
        purse, day, more = reserved.purse, reserved.day, used - reserved.tokens
        self._count(purse, day, more)
        await self._commit(spending.correct(day, purse.bot_id, more, house=purse.house))

    def _count(self, purse: BotPurse, day: date, tokens: int) -> None:
        if day == self._day:
            self._bots[purse.bot_id] += tokens
            self._house += tokens if purse.house else 0

    async def _commit(self, write: Write) -> None:
        await self._journal.commit(Change(writes=(write,)))


@dataclass(frozen=True, slots=True)
class BotPurse:
    """See :class:`arena.brains.means.Purse`."""

    spending: Spending
    bot_id: UUID
    limit: int
    house: bool

    def affords(self, tokens: int) -> bool:
        return self.spending.affords(self, tokens)

    async def reserve(self, tokens: int) -> Reserved:
        return await self.spending.reserve(self, tokens)


@dataclass(frozen=True, slots=True)
class Reserved:
    """See :class:`arena.brains.means.Reservation`."""

    spending: Spending
    purse: BotPurse
    day: date
    tokens: int

    async def correct(self, used: int) -> None:
        await self.spending.correct(self, used)


def _today() -> date:
    return datetime.fromtimestamp(time.time(), UTC).date()
