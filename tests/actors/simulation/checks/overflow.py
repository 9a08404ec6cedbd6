"""What finds no room is refused or dropped as the mailbox's policy says, and what is dropped is a dead letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from actors import Overflow, Undelivered
from tests.actors.simulation.history import Fate, History
from tests.actors.simulation.plan import ActorPlan
from tests.actors.simulation.trace import What


def check(history: History) -> Iterator[str]:
    caused: dict[int, list[Fate]] = defaultdict(list)
    for fate in history.fates.values():
        if fate.dropped:
            caused[fate.dropped_for].append(fate)
    for fate in history.fates.values():
        overflown = [letter for letter in fate.letters if letter.reason is Undelivered.OVERFLOW]
        if len(fate.dropped) != len(overflown):
            yield f"message {fate.number} was dropped {len(fate.dropped)} times, with {len(overflown)} dead letters"
        if fate.dropped:
            yield from dropped_ask(history, fate)
        if (
            isinstance(node := history.nodes.get(fate.target), ActorPlan)
            and not fate.asked
            and not fate.timer_of
        ):
            yield from told(history, node.overflow, fate, caused[fate.number])


def told(history: History, policy: Overflow, fate: Fate, dropped: list[Fate]) -> Iterator[str]:
    """One message goes for one that comes, if there is no room, and none if there is."""
    number = fate.number
    if fate.turned_away == "MailboxFull" and not (fate.full and policy is Overflow.REFUSE):
        yield f"message {number} was refused for want of room; there was none: {fate.full}, {policy}"
    lost = [victim.number for victim in dropped]
    if not fate.full or fate.turned_away or policy is Overflow.REFUSE:
        if lost:
            yield f"messages {lost} were dropped for message {number} without need"
        if fate.full and not fate.turned_away:
            yield f"message {number} found no room and was taken"
        return
    if len(lost) != 1:
        yield f"message {number} found no room, and {lost} were dropped"
    elif policy is Overflow.DROP_NEWEST and lost != [number]:
        yield f"{lost} was dropped for message {number}, which is newer"
    elif policy is Overflow.DROP_OLDEST:
        yield from oldest(history, fate, dropped[0])


def oldest(history: History, fate: Fate, victim: Fate) -> Iterator[str]:
    """Nothing that was queued before the dropped one is still there. Timers and asks may have waited for room."""
    if victim is fate or victim.target != fate.target:
        yield f"message {victim.number} to {victim.target} was dropped for message {fate.number}, which is newer"
    if victim.timer_of:
        return
    for other in history.fates.values():
        queued = other.target == fate.target and not other.timer_of and other.must_leave_a_trace
        if queued and other.sent < victim.sent and other.taken and other.taken[0] > victim.dropped[0]:
            yield f"message {victim.number} was dropped before message {other.number}, which is older"


def dropped_ask(history: History, fate: Fate) -> Iterator[str]:
    """Whoever asked is told at once, if it still waits."""
    for event in fate.outcomes:
        in_time = event.at == history.time(fate.dropped[0])
        if event.what is not What.GAVE_UP and (event.about != "MailboxFull" or not in_time):
            yield f"message {fate.number} was dropped, and its asker got {event.about} at {event.at}"
