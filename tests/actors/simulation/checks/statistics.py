"""The counters of each kind add up with what happened to all actors of that kind."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from actors import BOUNDS, KindStats, Restart, Undelivered
from tests.actors.simulation.history import MOMENT, NEVER, History, parent_of
from tests.actors.simulation.plan import ActorPlan, RegionPlan
from tests.actors.simulation.run import STUCK_AFTER
from tests.actors.simulation.trace import What

STATIC = ("Performer", "actor")
"""The kinds of all actors that are in no region; the latter when there has not been one yet."""


def check(history: History) -> Iterator[str]:
    statistics = history.outcome.statistics
    groups = {path: (node.name,) for path, node in history.nodes.items() if isinstance(node, RegionPlan)}
    for region, kinds in (("", STATIC), *groups.items()):
        stats = [statistics[kind] for kind in kinds if kind in statistics]
        paths = {
            path
            for path, node in history.nodes.items()
            if isinstance(node, ActorPlan)
            and (parent_of(path) if parent_of(path) in groups else "") == region
        }
        for wrong in (*starts(history, paths, stats), *messages(history, paths, stats)):
            yield f"statistics of {kinds[0]}: {wrong}"
    unknown = set(statistics) - {*STATIC, *(kind for kinds in groups.values() for kind in kinds)}
    if unknown:
        yield f"there are statistics of {unknown}"


def starts(history: History, paths: set[str], stats: list[KindStats]) -> Iterator[str]:
    lives = [life for life in history.lives.values() if life.path in paths]
    yield from same("starts", sum(s.started for s in stats), sum(not life.bodiless for life in lives))
    yield from same("crashes", sum(s.crashed for s in stats), sum(life.broken != NEVER for life in lives))
    least = sum(restarts_for_certain(history, path) for path in paths)
    most = sum(max(0, len(history.by_path.get(path, ())) - 1) for path in paths)
    if not least <= sum(s.restarted for s in stats) <= most:
        yield f"{sum(s.restarted for s in stats)} restarts; there were {least} to {most}"


def restarts_for_certain(history: History, path: str) -> int:
    """Of actors in regions the others may have been forgotten meanwhile, and been activated anew."""
    lives = history.by_path.get(path, [])
    if not isinstance(history.supervisor_of(path), RegionPlan):
        return max(0, len(lives) - 1)
    certain = 0
    for one, other in pairwise(lives):
        disturbed = history.find(one.made, other.made, What.STOP, What.RESTART, What.OVERSPENT)
        by_itself = one.stopping == NEVER and not history.was_passivated(one)
        crashed = one.broken != NEVER and by_itself and one.run == other.run
        certain += crashed and not disturbed and history.actor(path).restart is not Restart.TEMPORARY
    return certain


def messages(history: History, paths: set[str], stats: list[KindStats]) -> Iterator[str]:
    mine = [event for event in history.trace if event.path in paths]
    count = Counter(event.what for event in mine)
    handled = count[What.HANDLED] + count[What.REFUSED] + count[What.TOLD]
    yield from same("messages handled", sum(s.handled for s in stats), handled)
    taken = count[What.TAKEN] + count[What.TOLD]
    yield from same("waits", sum(sum(s.waiting.counts) for s in stats), taken)
    letters = Counter(letter.reason for letter in history.outcome.dead_letters if letter.path in paths)
    for reason in Undelivered:
        yield from same(
            f"dead letters, {reason}", sum(s.dead_letters[reason] for s in stats), letters[reason]
        )
    yield from durations(history, paths, stats, count[What.TOLD])
    if not count[What.TOLD]:
        yield from waits(history, paths, stats)


def durations(history: History, paths: set[str], stats: list[KindStats], told: int) -> Iterator[str]:
    """How long each handling took. That of `Terminated` takes no time."""
    took = [0.0] * told
    took += [
        history.time(fate.ends[0]) - history.time(fate.taken[0])
        for fate in history.fates.values()
        if fate.target in paths and fate.taken and fate.ends
    ]
    buckets = Counter(bisect_left(BOUNDS, seconds) for seconds in took)
    for bucket in range(len(BOUNDS) + 1):
        counted = sum(s.handling.counts[bucket] for s in stats)
        yield from same(f"handlings in bucket {bucket}", counted, buckets[bucket])
    if abs(sum(s.handling.total for s in stats) - sum(took)) > MOMENT:
        yield f"{sum(s.handling.total for s in stats)} s of handling; it were {sum(took)} s"
    starts = [
        history.time(min(life.up, life.ended)) - history.time(life.made)
        for life in history.lives.values()
        if life.path in paths
    ]
    # The watchdog looks twice in that time.
    least = sum(seconds >= STUCK_AFTER * 1.5 + MOMENT for seconds in took)
    most = sum(seconds >= STUCK_AFTER - MOMENT for seconds in took + starts)
    if not least <= sum(s.stuck for s in stats) <= most:
        yield f"{sum(s.stuck for s in stats)} times stuck; it were {least} to {most}"


def waits(history: History, paths: set[str], stats: list[KindStats]) -> Iterator[str]:
    """From being sent, or due, to being taken."""
    waited = sum(
        history.time(fate.taken[0]) - (fate.due if fate.timer_of else history.time(fate.sent))
        for fate in history.fates.values()
        if fate.target in paths and fate.taken
    )
    if abs(sum(s.waiting.total for s in stats) - waited) > MOMENT:
        yield f"{sum(s.waiting.total for s in stats)} s of waiting; it were {waited} s"


def same(what: str, counted: int, happened: int) -> Iterator[str]:
    if counted != happened:
        yield f"{counted} {what}; there were {happened}"
