"""Handing events out: of a bot one at a time, of all bots so many at once, and what has failed once more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog

from actors import ActorError
from arena.chain.tracked_bot import ChainEvent, TrackedBot
from arena.problems import Problem

log = structlog.get_logger(__name__)

HANDLERS_AT_ONCE = 64


class FeedHandler(Protocol):
    """What the events are for."""

    def hand(
        self,
        bot_id: UUID,
        event: ChainEvent,
        handled: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Take one event, without waiting, and call one of the two once: when it was dealt with, durably, or could not
        be. What this raises is as good as `failed`.

        For one bot it is called for one event at a time and in the order of `event_seq`; for several bots at
        once. What has failed comes again after a while. After a restart an event may come again that was dealt with
        but that `track` was not told of.
        """


class Deliveries:
    """Events on their way to `handler`, for which no task waits.

    Args:
        done: called when a bot's event was handled, or its turn has come to be handed out: what is next?
        failed: called when its event was not handled. It stays the bot's next one.

    Attributes:
        handled: events, since the start.
    """

    def __init__(
        self,
        handler: FeedHandler,
        done: Callable[[TrackedBot], None],
        failed: Callable[[TrackedBot], None],
    ) -> None:
        self.handled = 0
        self._handler = handler
        self._done = done
        self._failed = failed
        self._under_way = 0
        self._for_a_place: deque[TrackedBot] = deque()
        self._gives_places = False

    def deliver(self, bot: TrackedBot, event: ChainEvent) -> None:
        """Hand out the bot's next event, or have it asked for again when there is a place."""
        if self._under_way >= HANDLERS_AT_ONCE:
            self._for_a_place.append(bot)
            return
        self._under_way += 1
        generation = bot.generation
        try:
            self._handler.hand(
                bot.bot_id,
                event,
                partial(self._was_handled, bot, event, generation),
                partial(self._was_not_handled, bot, event, generation),
            )
        except Exception as error:  # noqa: BLE001 (as if it had failed a moment later)
            self._was_not_handled(bot, event, generation, error)

    def _was_handled(self, bot: TrackedBot, event: ChainEvent, generation: int) -> None:
        self.handled += 1
        if bot.generation == generation:
            bot.advance(event)
            bot.backoff.reset()
            if bot.ended:
                bot.drop()
        self._free_place()
        self._done(bot)

    def _was_not_handled(
        self, bot: TrackedBot, event: ChainEvent, generation: int, error: BaseException
    ) -> None:
        if isinstance(error, Problem | ActorError):
            log.warning("event_postponed", bot_id=str(bot.bot_id), reason=str(error))
        else:
            log.error(
                "an event could not be handled",
                bot_id=str(bot.bot_id),
                event_seq=event.event.event_seq,
                exc_info=error,
            )
        self._free_place()
        if bot.generation == generation:
            self._failed(bot)
        else:
            self._done(bot)

    def _free_place(self) -> None:
        self._under_way -= 1
        if self._gives_places:
            return  # whoever gets a place may lose it at once; the loop below goes on
        self._gives_places = True
        while self._for_a_place and self._under_way < HANDLERS_AT_ONCE:
            self._done(self._for_a_place.popleft())
        self._gives_places = False
