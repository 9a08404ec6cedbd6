"""The janitor: wakes what has something due, forgets what has expired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
import trio

from actors import Actor, ActorError
from arena.game.messages import Advance, Sweep, Wake
from arena.game.services import Services
from arena.problems import Problem
from arena.store import auth, bots, idempotency, solutions, spending
from persistence import DatabaseUnavailable

log = structlog.get_logger(__name__)

INTERVAL = 60.0
PAGE = 500
WOKEN_AT_ONCE = 4
"""Their reads go to Postgres together. With more of them, players wait longer for a bot that still sleeps."""
DRAFT_LIFE = timedelta(days=7)
KEY_LIFE = timedelta(days=1)
SPENDING_LIFE = timedelta(days=90)


class JanitorActor(Actor[Sweep]):
    """Sweeps once at the start, which brings everything unfinished back to life, and every minute from then on."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sweeps = 0
        self._woken = 0

    async def started(self) -> None:
        self.context.ref.tell(Sweep())

    def describe(self) -> Mapping[str, object]:
        return {"sweeps": self._sweeps, "woken": self._woken, "audit_kept": self._services.audit.kept}

    async def receive(self, message: Sweep) -> Any:
        match message:
            case Sweep():
                await self._sweep()
                self.context.send_later(INTERVAL, Sweep())

    async def _sweep(self) -> None:
        try:
            # first what somebody waits for; whoever asks one of the others meanwhile wakes it himself
            await self._wake(at_work=True)
            await self._settle()
            await self._wake(at_work=False)
            await self._forget()
            await self._count_halted()
            await self._services.audit.flush()
            self._sweeps += 1
        except DatabaseUnavailable as error:
            log.warning("sweep_postponed", reason=str(error))

    async def _wake(self, *, at_work: bool) -> None:
        """Bots that are not closed live as long as the server does: their feed, timers and payments need them."""
        after: UUID | None = None
        while page := await bots.pending(self._services.database, after=after, limit=PAGE, at_work=at_work):
            asleep = iter([bot.id for bot in page])
            async with trio.open_nursery() as nursery:
                for _ in range(WOKEN_AT_ONCE):
                    nursery.start_soon(self._wake_each, asleep)
            after = page[-1].id

    async def _wake_each(self, asleep: Iterator[UUID]) -> None:
        """One after the other; several tasks share what is left."""
        for bot_id in asleep:
            try:
                await self._services.bot(bot_id).ask(Wake())
                self._woken += 1
            except (ActorError, Problem) as error:
                log.warning("bot_does_not_wake", bot_id=str(bot_id), reason=str(error))

    async def _settle(self) -> None:
        """A settlement outlives its bot: the closing is final only some slots after the bot has seen it."""
        after: UUID | None = None
        while page := await solutions.unfinished(self._services.database, after=after, limit=PAGE):
            for bot_id in page:
                try:
                    self._services.settlement(bot_id).tell(Advance())
                except ActorError as error:
                    log.warning("settlement_does_not_wake", bot_id=str(bot_id), reason=str(error))
            after = page[-1]

    async def _count_halted(self) -> None:
        services = self._services
        services.halted_bots = await bots.count_halted(services.database)
        if services.halted_bots:
            log.error("bots_halted", count=services.halted_bots)

    async def _forget(self) -> None:
        database, now = self._services.database, datetime.now(UTC)
        await auth.purge_expired(database)
        await idempotency.purge(database, now - KEY_LIFE)
        await bots.purge_drafts(database, now - DRAFT_LIFE)
        await spending.purge(database, (now - SPENDING_LIFE).date())
