"""Notices actors that are stuck: at one message, or at starting, for longer than is right."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from actors.stats import Statistics
from actors.survey import StuckActor, Survey

logger = logging.getLogger("actors")


class Watchdog:
    """Looks at all actors twice in ``stuck_after`` seconds; says once of each stuck one that it is, and that it no
    longer is.

    It can only look while the event loop turns; for code that blocks the loop itself there is `watch_event_loop`.
    """

    def __init__(
        self, look: Callable[[], Awaitable[Survey]], statistics: Statistics, stuck_after: float
    ) -> None:
        self._look = look
        self._statistics = statistics
        self._interval = stuck_after / 2
        self._known: dict[tuple[str, float], StuckActor] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await trio.sleep(self._interval)
            self._take_note(await self._look())

    def _take_note(self, survey: Survey) -> None:
        stuck = {(actor.path, actor.since): actor for actor in survey.stuck}
        for occasion, actor in stuck.items():
            if occasion not in self._known:
                self._statistics.of(actor.kind).stuck += 1
                logger.warning("actor %s is stuck: at %s for %.1f s", actor.path, actor.what, actor.seconds)
        now = trio.current_time()
        for occasion, actor in self._known.items():
            if occasion not in stuck:
                logger.info(
                    "actor %s is no longer stuck: it was at %s for less than %.1f s",
                    actor.path,
                    actor.what,
                    now - actor.since,
                )
        self._known = stuck
