"""Whether the chain still stands by what it said: a pure function of what it says now.

Verdicts are given on confirmed events, which a fork can still take back. What is finalized stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arena.chain.client import Commitment, Status
from arena.store.chain_events import SeenEvent


@dataclass(frozen=True, slots=True)
class Finality:
    """How far events are final, and which is the first that was taken back."""

    final_up_to: int | None = None
    taken_back_from: int | None = None


def look(
    events: Sequence[SeenEvent], statuses: Sequence[Status | None], *, finalized_slot: int, seen_slot: int
) -> Finality:
    """Judge events that were confirmed.

    An event is final when its transaction is finalized, without an error, in the very slot in which it was seen: the
    same transaction in another slot ran in another order. It was taken back when its transaction is finalized in any
    other way, or unknown although everything up to its slot is finalized.

    Args:
        events: in the order of the chain.
        statuses: of their transactions, as a node tells that searched its whole history.
        finalized_slot: was finalized *before* the statuses were asked for.
        seen_slot: what that node had processed when it answered; one that is behind proves nothing.
    """
    final_up_to: int | None = None
    for event, status in zip(events, statuses, strict=True):
        if status is None:
            gone = event.slot <= finalized_slot <= seen_slot
            return Finality(final_up_to, event.event_seq if gone else None)
        if status.confirmation is not Commitment.FINALIZED:
            return Finality(final_up_to)
        if status.error is not None or status.slot != event.slot:
            return Finality(final_up_to, event.event_seq)
        final_up_to = event.event_seq
    return Finality(final_up_to)
