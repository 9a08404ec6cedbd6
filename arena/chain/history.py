"""Reading a bot's events from the history of its address: those that were missed, or all there ever were."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from solders.pubkey import Pubkey

from arena.chain.client import ChainClient, LandedTransaction
from arena.chain.events import LogsIncomplete, parse_events
from arena.chain.parallel import in_parallel
from arena.chain.tracked_bot import ChainEvent

AT_ONCE = 8
MAX_KEPT = 2048
MAX_HISTORY = 200_000
"""Events of one bot that a whole history may have: some 200 MB."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What a walk through an address's history has found.

    Attributes:
        events: by `event_seq`, each once; the lowest ones if there were too many to keep. Those already
            handled that were come across are among them.
        complete: nothing is missing between what was handled and the newest event that is known of.
        unread: transactions that the node lists but cannot show, or whose logs cannot be read.
    """

    events: tuple[ChainEvent, ...]
    complete: bool
    unread: int


class HistoryTooLong(Exception):
    """A bot has more events than can be kept at once."""


@dataclass(frozen=True, slots=True)
class History:
    """All events of a bot, as far as the node tells.

    Attributes:
        events: by `event_seq`, then by slot. One that is in several transactions is there several times.
        unread: transactions that the node lists but cannot show, or whose logs cannot be read. Whether they held an
            event is told by a gap in the numbers.
    """

    events: tuple[ChainEvent, ...]
    unread: int


async def whole_history(client: ChainClient, program_id: Pubkey, address: Pubkey) -> History:
    """Every event of the bot at `address`, from its creation on, also when it is closed long ago.

    Raises:
        ChainUnavailable: try again later.
        HistoryTooLong: there are more than `MAX_HISTORY`.
    """
    found: list[ChainEvent] = []
    unread = 0
    async with aclosing(_transactions(client, program_id, address)) as transactions:
        async for chunk in transactions:
            for _, events in chunk:
                unread += events is None
                found += events or []
            if len(found) > MAX_HISTORY:
                raise HistoryTooLong(f"{address} has more than {MAX_HISTORY} events")
    found.sort(key=lambda seen: (seen.event.event_seq, seen.slot))
    return History(tuple(found), unread)


async def missed_events(
    client: ChainClient, program_id: Pubkey, address: Pubkey, *, handled: int, target: int | None
) -> Missed:
    """Walk back from the newest transaction of `address` to the last handled event.

    Args:
        handled: the `event_seq` up to which everything is done.
        target: a later `event_seq` that is known to exist, None if none is.

    The walk ends early when all of `handled + 1 .. target` is there. The order inside a slot is not trusted:
    a slot is read to its end.

    Anyone can name the address in a transaction with endless logs. So one that cannot be read is passed over,
    and whether something is missing is told by the numbers of the events alone.

    Raises:
        ChainUnavailable: try again later.
    """
    walk = _Walk(handled, target)
    async with aclosing(_transactions(client, program_id, address)) as transactions:
        async for chunk in transactions:
            for slot, events in chunk:
                walk.see(slot, events)
            if walk.done():
                break
    return walk.result()


async def _transactions(
    client: ChainClient, program_id: Pubkey, address: Pubkey
) -> AsyncGenerator[list[tuple[int, list[ChainEvent] | None]], None]:
    """Transactions of an address that succeeded, newest first, some at a time.

    Of each the slot and the bot's events, None if these cannot be told.
    """
    before: str | None = None
    while page := await client.signatures_for(address, before=before):
        before = page[-1].signature
        succeeded = [info for info in page if info.error is None]
        for start in range(0, len(succeeded), AT_ONCE):
            chunk = succeeded[start : start + AT_ONCE]
            transactions = await in_parallel(
                client.transaction, [info.signature for info in chunk], at_once=AT_ONCE
            )
            yield [
                (info.slot, _events_of(program_id, address, info.signature, landed))
                for info, landed in zip(chunk, transactions, strict=True)
            ]


class _Walk:
    def __init__(self, handled: int, target: int | None) -> None:
        self._handled = handled
        self._target = target
        self._found: dict[int, ChainEvent] = {}
        self._highest = max(handled, target or 0)
        self._handled_slot: int | None = None  # the newest slot that holds a handled event
        self._unread = 0
        self._done = False

    def done(self) -> bool:
        return self._done

    def see(self, slot: int, events: list[ChainEvent] | None) -> None:
        if self._handled_slot is not None and slot < self._handled_slot:
            self._done = True
            return
        if events is None:
            self._unread += 1
            return
        for found in events:
            seq = found.event.event_seq
            self._found[seq] = found
            self._highest = max(self._highest, seq)
            if seq <= self._handled and self._handled_slot is None:
                self._handled_slot = found.slot
            if len(self._found) > MAX_KEPT:
                del self._found[max(self._found)]
        # With a known target this is certain; without one there may be more in the same slot.
        if self._target is not None and self._contiguous():
            self._done = True

    def result(self) -> Missed:
        events = tuple(self._found[seq] for seq in sorted(self._found))
        unsure = self._target is None and self._unread > 0
        return Missed(events, self._contiguous() and not unsure, self._unread)

    def _contiguous(self) -> bool:
        count = self._highest - self._handled
        return count <= len(self._found) and all(
            seq in self._found for seq in range(self._handled + 1, self._highest + 1)
        )


def _events_of(
    program_id: Pubkey, address: Pubkey, signature: str, landed: LandedTransaction | None
) -> list[ChainEvent] | None:
    """The bot's events in one transaction, None if that cannot be told."""
    if landed is None:
        return None
    if landed.error is not None:
        return []
    try:
        events = parse_events(program_id, landed.logs)
    except LogsIncomplete:
        return None
    return [
        ChainEvent(event, signature, landed.slot, landed.block_time)
        for event in events
        if event.bot == address
    ]
