"""What introspection counts is what happened."""

from __future__ import annotations

from collections.abc import Iterator

from tests.actors.simulation.history import NEVER, History
from tests.actors.simulation.plan import ActorPlan, RegionPlan
from tests.actors.simulation.trace import What


def check(history: History) -> Iterator[str]:
    """For actors of supervisors: those of regions are forgotten with their counters."""
    handled = dict.fromkeys(history.nodes, 0)
    for event in history.trace:
        if event.what in (What.HANDLED, What.REFUSED, What.TOLD):
            handled[event.path] += 1
    for info in history.outcome.final:
        if not isinstance(history.nodes.get(info.path), ActorPlan):
            continue
        if isinstance(history.supervisor_of(info.path), RegionPlan):
            continue
        lives = history.by_path.get(info.path, [])
        restarts = max(0, len(lives) - 1)
        failed = sum(life.broken != NEVER for life in lives)
        if (info.handled, info.restarts, info.failed) != (handled[info.path], restarts, failed):
            yield (
                f"{info.path} counts {info.handled} handled, {info.restarts} restarts, {info.failed} crashes; it"
                f" were {handled[info.path]}, {restarts}, {failed}"
            )
