"""Asks the chain whether it stands by what bots have taken in: the I/O around `arena.game.finality`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Never
from uuid import UUID

import structlog
import trio

from actors import ActorError
from arena.chain.client import ChainUnavailable, Status
from arena.game.finality import Finality, look
from arena.game.messages import FinalityLearnt
from arena.problems import Problem
from arena.store import chain_events
from arena.store.chain_events import SeenEvent
from persistence import DatabaseUnavailable

if TYPE_CHECKING:
    from arena.game.services import Services

log = structlog.get_logger(__name__)

PAGE: Final = 1024
"""Events that are asked about together. What a bot has beyond that is looked at the next time."""
TOLD_AT_ONCE: Final = 8
TELL_TIMEOUT: Final = 15.0
"""Seconds that a bot may take to hear of it; whatever keeps it, it hears again at the next look."""


class FinalityWatch:
    """One look at the events of all bots while any of them can still be taken back; each bot is told what is new.

    What to look at is what rows say, and nothing is kept in memory: whatever ends this, it goes on where it was.
    """

    def __init__(self, services: Services) -> None:
        self.looked_at = 0
        """Events, in the last look."""
        self._services = services
        self._woken = trio.Event()

    def wake(self) -> None:
        """There is a new event."""
        self._woken.set()

    async def run(self) -> Never:
        while True:
            self._woken = trio.Event()
            try:
                if await chain_events.any_unfinal(self._services.database):
                    await self._look()
                else:
                    await self._woken.wait()
            except (ChainUnavailable, DatabaseUnavailable) as outage:
                log.info("finality_unknown", reason=str(outage))
            await trio.sleep(self._services.settings.arena_settlement_interval)

    async def _look(self) -> None:
        services, looked_at = self._services, 0
        after: UUID | None = UUID(int=0)
        finalized_slot = await services.client.recent_finalized_slot()
        while after is not None:
            # others cannot be final, nor known to be taken back
            page = await chain_events.unfinal_up_to(
                services.database, finalized_slot, after=after, limit=PAGE
            )
            after = page.last_bot
            if events := page.events:
                looked_at += len(events)
                seen_slot, statuses = await services.client.statuses_at(
                    [event.signature for event in events], search_history=True
                )
                await self._tell(_found(events, statuses, finalized_slot=finalized_slot, seen_slot=seen_slot))
        self.looked_at = looked_at

    async def _tell(self, found: Iterator[tuple[UUID, Finality]]) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(TOLD_AT_ONCE):
                nursery.start_soon(self._tell_each, found)

    async def _tell_each(self, found: Iterator[tuple[UUID, Finality]]) -> None:
        """One after the other; several tasks share what is left."""
        for bot_id, finality in found:
            try:
                with trio.fail_after(TELL_TIMEOUT):
                    await self._services.bot(bot_id).ask(FinalityLearnt(finality))
            except (ActorError, Problem, trio.TooSlowError) as error:
                log.warning("finality_not_told", bot_id=str(bot_id), reason=str(error))


def _found(
    events: Sequence[SeenEvent], statuses: Sequence[Status | None], *, finalized_slot: int, seen_slot: int
) -> Iterator[tuple[UUID, Finality]]:
    """What is new, by bot. The events of a bot are next to each other."""
    status_of = iter(statuses)
    for bot_id, of_bot in groupby(events, key=attrgetter("bot_id")):
        seen = list(of_bot)
        theirs = [next(status_of) for _ in seen]
        finality = look(seen, theirs, finalized_slot=finalized_slot, seen_slot=seen_slot)
        if finality != Finality():
            yield bot_id, finality
