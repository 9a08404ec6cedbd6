"""Asks the chain whether it stands by what a bot has taken in: the I/O around `arena.game.finality`."""

from __future__ import annotations

from uuid import UUID

import structlog
import trio

from actors import Context
from arena.chain.client import ChainUnavailable
from arena.game import finality
from arena.game.messages import FinalityLearnt
from arena.game.services import Services
from arena.problems import Problem
from arena.store import chain_events
from persistence import DatabaseUnavailable

log = structlog.get_logger(__name__)


class FinalityWatch:
    """A task of the bot's: runs while any of its events can still be taken back, and tells the bot what it learns."""

    def __init__(self, services: Services, context: Context, bot_id: UUID) -> None:
        self._services = services
        self._context = context
        self._bot_id = bot_id
        self._running = False
        self._unseen = False
        """There may be an event that the task has not seen yet."""

    def wake(self) -> None:
        """There is a new event, or may be."""
        self._unseen = True
        if not self._running:
            self._running = True
            self._context.start_task(self._until_all_is_final, name="finality")

    async def _until_all_is_final(self) -> None:
        services = self._services
        while self._running:
            self._unseen = False
            try:
                finalized_slot = await services.client.recent_finalized_slot()
                # the others cannot be final, nor known to be taken back
                events = await chain_events.unfinal(
                    services.database, self._bot_id, up_to_slot=finalized_slot
                )
                if events:
                    await self._look(events, finalized_slot)
                elif not await chain_events.unfinal(services.database, self._bot_id, limit=1):
                    self._running = self._unseen  # an event may have come while we looked
                    continue
            except (ChainUnavailable, DatabaseUnavailable, Problem) as outage:
                log.info("finality_unknown", bot_id=str(self._bot_id), reason=str(outage))
            await trio.sleep(services.settings.arena_settlement_interval)

    async def _look(self, events: list[chain_events.SeenEvent], finalized_slot: int) -> None:
        seen_slot, statuses = await self._services.client.statuses_at(
            [event.signature for event in events], search_history=True
        )
        found = finality.look(events, statuses, finalized_slot=finalized_slot, seen_slot=seen_slot)
        if found != finality.Finality():
            await self._context.ref.ask(FinalityLearnt(found))
