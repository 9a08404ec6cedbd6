"""What the feed remembers of one bot: how far its events were handled, and those that wait for their turn.

No I/O here. Events are numbered by the program from 1 without a gap (`event_seq`), so "next" is never a
guess.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import inf
from uuid import UUID

import trio
from solders.pubkey import Pubkey

from arena.chain.backoff import Backoff
from arena.chain.events import BotClosed, ProgramEvent

REMEMBERED_SIGNATURES = 64
REORDER_SECONDS = 0.1
"""Notifications of one slot may come in any order: an event that is missing before another is given this long."""
AHEAD_SECONDS = 1.0
"""An account may be ahead of notifications, in a busy server by much: the next one is given this long, ..."""
MAX_AHEAD_SECONDS = 5.0
"""... and all of them this long."""


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """An event of the program in a transaction that landed.

    Attributes:
        block_time: unix seconds, None when it was learnt from a notification, which does not say.
    """

    event: ProgramEvent
    signature: str
    slot: int
    block_time: int | None


class Offer(Enum):
    """What became of an event that was offered."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"
    OVERFLOW = "overflow"


class TrackedBot:
    """One bot's place in the feed.

    Args:
        handled: the `event_seq` up to which everything is done.
        capacity: how many events may wait. Beyond it the highest are dropped and fetched again later.
        backoff: between attempts of whatever fails for it; it starts over when an event was handled.
    """

    def __init__(self, bot_id: UUID, address: Pubkey, handled: int, capacity: int, backoff: Backoff) -> None:
        self.bot_id = bot_id
        self.address = address
        self.handled = handled
        self.account_seq: int | None = None  # what the account said last; None: no account was there
        self.wanted = True  # False once it was untracked
        self.dirty = False  # something has to be fetched
        self.working = False  # an event is being handled, or missing ones are looked for
        self.backoff = backoff
        self.ended = False  # its last event was handled
        self.generation = 0  # how often it was tracked anew
        self._connection: int | None = None  # the subscription there was at the last look at its account
        self._told_until = -inf  # by then notifications should have brought what the account is ahead by
        self._changed = trio.Event()
        self._capacity = capacity
        self._pending: dict[int, ChainEvent] = {}
        self._signatures: deque[tuple[int, str]] = deque(maxlen=REMEMBERED_SIGNATURES)

    def restart(self, address: Pubkey, handled: int) -> None:
        """Track it anew from `handled`, also when something is under way: what comes of that is not counted."""
        if address != self.address:
            self._pending.clear()
        self.address = address
        self.handled = handled
        self.account_seq = None
        self.wanted = True
        self.ended = False
        self.generation += 1
        self.backoff.reset()
        self._connection = None
        self._signatures.clear()
        self._forget_handled()
        self._changed.set()

    def drop(self) -> None:
        """Nobody wants its events any more."""
        self.wanted = False
        self.generation += 1
        self._pending.clear()
        self._changed.set()

    def look(self, account_seq: int | None, connection: int | None) -> bool:
        """Take in what its account says; True if that has moved on since, and by more than by events that came.

        Args:
            account_seq: None if there is no account.
            connection: the number of the subscription there was before it was looked at, None if there was none.
        """
        before, self.account_seq = self.account_seq, account_seq
        is_told = connection is not None and connection == self._connection
        self._connection = connection
        if account_seq is None:  # not created yet, or closed: its history knows
            self.dirty = True
            return False
        reached = self.reached
        if not is_told:
            self._told_until = -inf
        elif before is None or before <= reached:
            self._told_until = trio.current_time() + MAX_AHEAD_SECONDS
        return account_seq > reached and account_seq > (before or 0)

    def offer(self, found: ChainEvent) -> Offer:
        """Take in an event from wherever it was learnt."""
        seq = found.event.event_seq
        if seq <= self.handled:
            if seq == self.handled and isinstance(found.event, BotClosed):
                self.ended = True
            return self._repeated(seq, found.signature)
        known = self._pending.get(seq)
        if known is None and len(self._pending) >= self._capacity:
            self.dirty = True
            highest = max(self._pending)
            if seq > highest:
                return Offer.OVERFLOW
            del self._pending[highest]
        self._pending[seq] = found
        self._changed.set()
        if known is None:
            return Offer.NEW
        return Offer.DUPLICATE if known.signature == found.signature else Offer.CONTRADICTION

    def next(self) -> ChainEvent | None:
        """The event whose turn it is, if it is here."""
        return self._pending.get(self.handled + 1)

    def advance(self, done: ChainEvent) -> None:
        """`done`, which was `next()`, is handled."""
        self.handled = done.event.event_seq
        self._signatures.append((self.handled, done.signature))
        self._forget_handled()
        self.ended = isinstance(done.event, BotClosed)

    async def pause(self, seconds: float, *, for_next: bool) -> None:
        """Wait, but only until it is tracked anew, or untracked, or (if asked for) the next event is here."""
        generation = self.generation
        deadline = trio.current_time() + seconds
        while self.generation == generation and not (for_next and self.next() is not None):
            if not await self._change(deadline):
                return

    async def listen(self, is_told: Callable[[], bool]) -> None:
        """Wait for the next event for as long as a notification may bring it.

        That is short if a later one is here, and if its account moved on before there was this subscription; longer
        if its account is merely ahead.

        Args:
            is_told: whether there is a subscription. When that changes, `recheck` has to be called.
        """
        generation, since = self.generation, trio.current_time()
        is_gap = bool(self._pending)
        while is_told() and self.generation == generation and self.next() is None:
            if self._pending and not is_gap:
                is_gap, since = True, trio.current_time()
            if is_gap or self._told_until == -inf:
                deadline = since + REORDER_SECONDS
            else:
                deadline = min(since + AHEAD_SECONDS, self._told_until)
            if not await self._change(deadline):
                return

    def recheck(self) -> None:
        """Whoever waits for something looks again."""
        self._changed.set()

    async def _change(self, deadline: float) -> bool:
        """Wait for a change; False: none came in time."""
        self._changed = trio.Event()
        with trio.move_on_at(deadline):
            await self._changed.wait()
            return True
        return False

    @property
    def pending(self) -> int:
        """How many events wait."""
        return len(self._pending)

    @property
    def highest(self) -> int:
        """The highest `event_seq` that waits or is handled."""
        return max(self._pending, default=self.handled)

    @property
    def reached(self) -> int:
        """The `event_seq` up to which every event is here or handled."""
        seq = self.handled
        while seq + 1 in self._pending:
            seq += 1
        return seq

    @property
    def lagging(self) -> bool:
        """There is something on the chain that was not handled yet, as far as is known."""
        behind = self.account_seq is not None and self.account_seq > self.handled
        return bool(self._pending) or self.dirty or behind

    def _repeated(self, seq: int, signature: str) -> Offer:
        for known_seq, known in self._signatures:
            if known_seq == seq and known != signature:
                return Offer.CONTRADICTION
        return Offer.DUPLICATE

    def _forget_handled(self) -> None:
        for seq in [seq for seq in self._pending if seq <= self.handled]:
            del self._pending[seq]
