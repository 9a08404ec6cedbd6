"""What the feed remembers of one bot: how far its events were handled, and those that wait for their turn.

No I/O here. Events are numbered by the program from 1 without a gap (`event_seq`), so "next" is never a
guess.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import trio
from solders.pubkey import Pubkey

from arena.chain.events import BotClosed, ProgramEvent

REMEMBERED_SIGNATURES = 64


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
    """

    def __init__(self, bot_id: UUID, address: Pubkey, handled: int, capacity: int) -> None:
        self.bot_id = bot_id
        self.address = address
        self.handled = handled
        self.account_seq: int | None = None  # what the account said last; None: no account was there
        self.wanted = True  # False once it was untracked
        self.dirty = False  # something has to be fetched
        self.working = False  # a task is at it
        self.ended = False  # its last event was handled
        self.generation = 0  # how often it was tracked anew
        self._changed = trio.Event()
        self._capacity = capacity
        self._pending: dict[int, ChainEvent] = {}
        self._signatures: deque[tuple[int, str]] = deque(maxlen=REMEMBERED_SIGNATURES)

    def restart(self, address: Pubkey, handled: int) -> None:
        """Track it anew from `handled`, also when a task is at it: what that one does now is not counted."""
        if address != self.address:
            self._pending.clear()
        self.address = address
        self.handled = handled
        self.account_seq = None
        self.wanted = True
        self.ended = False
        self.generation += 1
        self._signatures.clear()
        self._forget_handled()
        self._changed.set()

    def drop(self) -> None:
        """Nobody wants its events any more."""
        self.wanted = False
        self.generation += 1
        self._pending.clear()
        self._changed.set()

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
        with trio.move_on_after(seconds):
            while self.generation == generation and not (for_next and self.next() is not None):
                self._changed = trio.Event()
                await self._changed.wait()

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
