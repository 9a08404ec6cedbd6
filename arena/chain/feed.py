"""The feed: every event of every tracked bot, handled once and in the program's order.

Three ways lead to an event, and each alone would be enough in the end:

- a notification (`logsSubscribe`), delivered at once when it is the next event of its bot;
- the walk through an address's history, when there is a gap;
- the poll of all tracked accounts, whose `event_seq` tells that something was missed. It goes on while the
  subscription is up, only slower.

Of a bot at most one thing is under way: an event is being handled, or missing ones are looked for. The usual event,
which comes in its turn and is handled at once, costs no task. `event_seq` is what orders and what recognises
repetitions, so it does not matter by how many ways an event comes in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Never
from uuid import UUID

import structlog
import trio
from solders.pubkey import Pubkey

from arena.chain.accounts import AccountMalformed, decode_bot
from arena.chain.backoff import Backoff
from arena.chain.client import AccountState, ChainClient, ChainUnavailable, Commitment
from arena.chain.deliveries import Deliveries, FeedHandler
from arena.chain.events import LogsIncomplete, parse_events
from arena.chain.history import missed_events
from arena.chain.logs_subscription import PING_SECONDS, LogNotice, LogsSubscription
from arena.chain.places import Places
from arena.chain.tracked_bot import ChainEvent, Offer, TrackedBot

__all__ = ["ChainEvent", "Feed", "FeedFull", "FeedHandler", "FeedStatus"]

log = structlog.get_logger(__name__)

MAX_POLL_AGE = 30.0
"""Seconds after which the chain should have been looked at again."""
MAX_TRACKED = 50_000
MAX_PENDING = 256  # events of one bot that wait for their turn
WALKS_AT_ONCE = 8
SUBSCRIBED_POLL_FACTOR = 5
SILENT_POLLS = (
    2  # so many polls that found something new without any notification, and the subscription is dead
)


class FeedFull(Exception):
    """No more bots can be tracked."""


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How the feed is.

    Attributes:
        subscribed: notifications are coming in.
        last_poll_at: unix seconds of the last poll of all bots that worked.
        tracked: bots.
        lagging: bots of which an event is known that was not handled yet.
        handled: events handled since the start.
        foreign: events of bots that are not tracked.
        contradictions: times that one `event_seq` was seen in two transactions: a fork of the chain, or a
            node that lies.
        connections: subscriptions made.
        last_error: why the node could not be asked last time, None when it could.
    """

    subscribed: bool
    last_poll_at: float | None
    tracked: int
    lagging: int
    handled: int
    foreign: int
    contradictions: int
    connections: int
    last_error: str | None

    def is_recent(self, now: float) -> bool:
        """Whether the chain was looked at lately; `now` in unix seconds."""
        return self.last_poll_at is not None and now - self.last_poll_at <= MAX_POLL_AGE


class Feed:
    """Follows bots on the chain and hands their events to a handler.

    Args:
        client: asked at its commitment, at which the subscription is made too: confirmed or finalized.
        ws_url: of the same node or cluster.
        poll_interval: seconds between polls without a subscription; with one, five times that.
        backoff_initial, backoff_maximum: seconds between attempts of whatever fails.
        ping_interval: seconds between pings on the websocket.

    Raises:
        ValueError: the client's commitment is `processed`, of which no history is kept, or `ws_url` is no
            websocket URL.
    """

    def __init__(
        self,
        client: ChainClient,
        ws_url: str,
        program_id: Pubkey,
        handler: FeedHandler,
        *,
        poll_interval: float = 2.0,
        max_tracked: int = MAX_TRACKED,
        backoff_initial: float = 0.25,
        backoff_maximum: float = 30.0,
        ping_interval: float = PING_SECONDS,
    ) -> None:
        if client.commitment is Commitment.PROCESSED:
            raise ValueError("the feed needs a commitment of confirmed or finalized")
        self._client = client
        self._program_id = program_id
        self._poll_interval = poll_interval
        self._max_tracked = max_tracked
        self._backoff_limits = (backoff_initial, backoff_maximum)
        self._subscription = LogsSubscription(
            ws_url,
            program_id,
            client.commitment,
            on_notice=self._noticed,
            on_change=self._subscription_changed,
            backoff=self._backoff(),
            ping_interval=ping_interval,
        )
        self._bots: dict[UUID, TrackedBot] = {}
        self._by_address: dict[Pubkey, TrackedBot] = {}
        self._unchecked: dict[UUID, TrackedBot] = {}  # to be polled soon
        self._poll_all = False  # all of them, as soon as the interval is over
        self._poll_all_now = False
        self._poll_wanted = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._deliveries = Deliveries(handler, self._is_done, self._has_failed)
        self._walking = Places(WALKS_AT_ONCE)
        self._notices = 0
        self._silent_polls = 0
        self._foreign = 0
        self._contradictions = 0
        self._last_poll_at: float | None = None
        self._last_error: str | None = None

    # --- what its owner does ---

    def track(self, bot_id: UUID, address: Pubkey, after_seq: int) -> None:
        """Follow a bot from the event after `after_seq` (0: from its creation, which may still be to come).

        Tracking a bot again moves it to `after_seq`, back or forth. A bot is untracked by itself once its
        closing was handled.

        Raises:
            FeedFull: `max_tracked` bots are tracked.
            ValueError: `after_seq` is negative, or the address belongs to another tracked bot.
        """
        if after_seq < 0:
            raise ValueError("an event_seq is not negative")
        other = self._by_address.get(address)
        if other is not None and other.bot_id != bot_id:
            raise ValueError("two bots cannot have one address")
        bot = self._bots.get(bot_id)
        if bot is None:
            if len(self._bots) >= self._max_tracked:
                raise FeedFull(f"{self._max_tracked} bots are tracked already")
            bot = TrackedBot(bot_id, address, after_seq, MAX_PENDING, self._backoff())
            self._bots[bot_id] = bot
        else:
            self._by_address.pop(bot.address, None)
            bot.restart(address, after_seq)
        self._by_address[address] = bot
        self._check_soon(bot)

    def untrack(self, bot_id: UUID) -> None:
        """Stop following a bot. The handler may be at one of its events; none is handed out after that."""
        bot = self._bots.get(bot_id)
        if bot is None:
            return
        bot.drop()
        self._unchecked.pop(bot_id, None)
        if not bot.working:  # else it is forgotten when what is under way is done
            self._forget(bot)

    def handled_seq(self, bot_id: UUID) -> int | None:
        """The `event_seq` up to which a tracked bot's events are handled."""
        bot = self._bots.get(bot_id)
        return bot.handled if bot is not None and bot.wanted else None

    def is_recent(self, now: float) -> bool:
        """As `FeedStatus.is_recent`, for those who ask often: it does not look at the bots."""
        return self._last_poll_at is not None and now - self._last_poll_at <= MAX_POLL_AGE

    @property
    def status(self) -> FeedStatus:
        """A snapshot for health and metrics; it looks at every bot."""
        wanted = [bot for bot in self._bots.values() if bot.wanted]
        return FeedStatus(
            subscribed=self._subscription.connected,
            last_poll_at=self._last_poll_at,
            tracked=len(wanted),
            lagging=sum(bot.lagging for bot in wanted),
            handled=self._deliveries.handled,
            foreign=self._foreign,
            contradictions=self._contradictions,
            connections=self._subscription.connections,
            last_error=self._last_error or self._subscription.last_error,
        )

    async def run(self) -> Never:
        """Feed the handler until cancelled. It can be run again after that, from where it was."""
        if self._nursery is not None:
            raise RuntimeError("the feed runs already")
        try:
            async with trio.open_nursery() as self._nursery:
                for bot in self._bots.values():
                    self._go_on(bot)
                self._nursery.start_soon(self._subscription.run)
                await self._poll_forever()
        finally:
            self._nursery = None

    # --- what the node says ---

    def _noticed(self, notice: LogNotice) -> None:
        self._notices += 1
        if notice.error is not None:
            return
        try:
            events = parse_events(self._program_id, notice.logs)
        except (
            LogsIncomplete
        ):  # whose event it was cannot be told, so all are looked at, at the poll's own pace
            self._poll_all_soon()
            return
        for event in events:
            bot = self._by_address.get(event.bot)
            if bot is None or not bot.wanted:
                self._foreign += 1
                continue
            self._offer(bot, [ChainEvent(event, notice.signature, notice.slot, None)])
            if bot.ended:
                self.untrack(bot.bot_id)
            self._go_on(bot)

    def _subscription_changed(self, subscribed: bool) -> None:
        self._notices = 0
        self._silent_polls = 0
        if subscribed:  # what happened while there was none is looked for now
            self._poll_all_now = True
        else:
            for bot in self._bots.values():
                bot.recheck()  # nothing tells of its events any more
        self._poll_wanted.set()  # the pace has changed

    def _is_subscribed(self) -> bool:
        return self._subscription.connected

    def _offer(self, bot: TrackedBot, events: Iterable[ChainEvent]) -> None:
        for found in events:
            if bot.offer(found) is Offer.CONTRADICTION:
                self._contradictions += 1
                log.error(
                    "one event in two transactions",
                    bot_id=str(bot.bot_id),
                    event_seq=found.event.event_seq,
                    signature=found.signature,
                )

    # --- polling ---

    def _check_soon(self, bot: TrackedBot) -> None:
        self._unchecked[bot.bot_id] = bot
        self._poll_wanted.set()

    def _poll_all_soon(self) -> None:
        self._poll_all = True
        self._poll_wanted.set()

    async def _poll_forever(self) -> Never:
        backoff = self._backoff()
        last_all = -float("inf")
        while True:
            now = trio.current_time()
            calm = self._subscription.connected and not self._poll_all
            due = last_all + self._poll_interval * (SUBSCRIBED_POLL_FACTOR if calm else 1)
            if self._poll_all_now:
                due = now
            if now < due and not self._unchecked:
                self._poll_wanted = trio.Event()
                with trio.move_on_after(due - now):
                    await self._poll_wanted.wait()
                continue
            everything = now >= due
            bots = list((self._bots if everything else self._unchecked).values())
            self._unchecked.clear()
            if everything:
                self._poll_all = self._poll_all_now = False
            try:
                news = await self._poll(bots)
            except ChainUnavailable as error:
                self._last_error = str(error)
                self._poll_all_now = self._poll_all_now or everything
                if not everything:
                    self._unchecked.update({bot.bot_id: bot for bot in bots if bot.wanted})
                log.warning("chain poll failed", error=str(error))
                await trio.sleep(backoff.next(error.retry_after))
                continue
            backoff.reset()
            self._last_error = None
            if everything:
                last_all = trio.current_time()
                self._last_poll_at = time.time()
                self._watch_subscription(news)

    async def _poll(self, bots: list[TrackedBot]) -> bool:
        """Compare bots with their accounts; True if any has moved on without the feed."""
        bots = [bot for bot in bots if bot.wanted]
        generations = [bot.generation for bot in bots]
        connection = self._subscription.connections if self._is_subscribed() else None
        states = await self._client.accounts([bot.address for bot in bots])
        news = False
        for bot, generation, state in zip(bots, generations, states, strict=True):
            if bot.generation != generation:
                continue  # tracked anew meanwhile, and to be checked again
            news |= bot.look(self._account_seq(bot, state), connection)
            self._go_on(bot)
        return news

    def _account_seq(self, bot: TrackedBot, state: AccountState | None) -> int | None:
        if state is None or state.owner != self._program_id:  # anyone can send money to where a bot was
            return None
        try:
            return decode_bot(state.data).event_seq
        except AccountMalformed as error:
            log.warning("a bot's account cannot be read", bot_id=str(bot.bot_id), error=str(error))
            return None

    def _watch_subscription(self, news: bool) -> None:
        """A connection that answers pings and brings nothing is as dead as any."""
        if not self._subscription.connected:
            return
        # a poll that finds nothing new says nothing about the subscription
        self._silent_polls = 0 if self._notices else self._silent_polls + news
        self._notices = 0
        if self._silent_polls >= SILENT_POLLS:
            log.warning("chain subscription is silent")
            self._silent_polls = 0
            self._subscription.reconnect()

    # --- one bot ---

    def _go_on(self, bot: TrackedBot) -> None:
        """Hand out its next event, or look for it; once that is done, this is called again."""
        if self._nursery is None or bot.working or not bot.wanted or not bot.lagging:
            return
        bot.working = True
        if (found := bot.next()) is None:
            self._nursery.start_soon(self._catch_up, bot)
        else:
            self._deliveries.deliver(bot, found)

    def _is_done(self, bot: TrackedBot) -> None:
        self._is_idle(bot)
        self._go_on(bot)

    def _is_idle(self, bot: TrackedBot) -> None:
        """Nothing is under way for it any more."""
        bot.working = False
        if not bot.wanted:
            self._forget(bot)

    def _has_failed(self, bot: TrackedBot) -> None:
        if self._nursery is None:
            self._is_done(bot)
        else:
            self._nursery.start_soon(self._rest, bot, bot.generation)

    async def _rest(self, bot: TrackedBot, generation: int) -> None:
        try:
            if bot.generation == generation:  # else it was tracked anew before this began
                await bot.pause(bot.backoff.next(), for_next=False)
        finally:
            self._is_idle(bot)
        self._go_on(bot)

    async def _catch_up(self, bot: TrackedBot) -> None:
        """Look for the next event until it is here, or there is none."""
        try:
            while bot.wanted and bot.lagging and bot.next() is None:
                if bot.dirty:
                    wait = await self._walk(bot)
                    if wait is not None:
                        await bot.pause(wait, for_next=True)
                else:  # a gap, or its account is ahead: it may be on its way
                    await bot.listen(self._is_subscribed)
                    if bot.next() is None:
                        bot.dirty = True
                if bot.ended:
                    bot.drop()
        finally:
            self._is_idle(bot)
        self._go_on(bot)

    async def _walk(self, bot: TrackedBot) -> float | None:
        """Fetch what is missing; returns how long to wait before the next try, None if nothing is missing."""
        async with self._walking:
            generation, handled = bot.generation, bot.handled
            bot.dirty = False
            target = max(bot.account_seq or 0, bot.highest)
            try:
                missed = await missed_events(
                    self._client,
                    self._program_id,
                    bot.address,
                    handled=handled,
                    target=target if target > handled else None,
                )
            except ChainUnavailable as error:
                bot.dirty = True
                self._last_error = str(error)
                log.warning("a bot's history cannot be read", bot_id=str(bot.bot_id), error=str(error))
                return bot.backoff.next(error.retry_after)
        if bot.generation != generation:
            return None
        self._offer(bot, missed.events)
        if missed.complete:
            return None
        bot.dirty = True
        log.warning(
            "events are missing", bot_id=str(bot.bot_id), handled=handled, known=target, unread=missed.unread
        )
        return bot.backoff.next()

    def _forget(self, bot: TrackedBot) -> None:
        if self._bots.get(bot.bot_id) is bot:
            del self._bots[bot.bot_id]
        if self._by_address.get(bot.address) is bot:
            del self._by_address[bot.address]
        self._unchecked.pop(bot.bot_id, None)

    def _backoff(self) -> Backoff:
        return Backoff(*self._backoff_limits)
