"""A survey says what lives at that moment, and what the tree says of mailboxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.actors.simulation.history import History
from tests.actors.simulation.plan import ActorPlan, RegionPlan
from tests.actors.simulation.run import STUCK_AFTER
from tests.actors.simulation.world import Look


def check(history: History) -> Iterator[str]:
    for look in history.outcome.looks:
        for wrong in (*lives(history, look), *mailboxes(history, look), *stuck(history, look)):
            yield f"survey at {look.at}: {wrong}"


def kind_of(history: History, path: str) -> str:
    """The region's, or one for all others: before their first start, they have no kind of their own yet."""
    parent = history.supervisor_of(path)
    return parent.name if isinstance(parent, RegionPlan) else ""


def lives(history: History, look: Look) -> Iterator[str]:
    expected = Counter(
        kind_of(history, life.path)
        for life in history.lives.values()
        if life.made < look.position <= life.ended
    )
    regions = {node.name for node in history.nodes.values() if isinstance(node, RegionPlan)}
    found: Counter[str] = Counter()
    for kind, load in look.survey.by_kind.items():
        found[kind if kind in regions else ""] += load.live
    if +found != +expected:
        yield f"it saw {dict(found)} live; there were {dict(expected)}"


def mailboxes(history: History, look: Look) -> Iterator[str]:
    depths: dict[str, list[int]] = {}
    for info in look.tree:
        if isinstance(history.nodes.get(info.path), ActorPlan):
            depths.setdefault(info.kind, []).append(info.mailbox_depth)
    found = {kind: (load.queued, load.deepest) for kind, load in look.survey.by_kind.items()}
    expected = {kind: (sum(values), max(values)) for kind, values in depths.items()}
    if found != expected:
        yield f"it saw mailboxes {found}; there were {expected}"


def stuck(history: History, look: Look) -> Iterator[str]:
    """Who is at one message for too long is named; others are only if they may still be starting."""
    busy = set()
    for fate in history.fates.values():
        for position in fate.taken:
            life = history.lives[history.trace[position].life]
            at_it = position < look.position <= min([*fate.ends, life.ended])
            if at_it and look.at - history.time(position) >= STUCK_AFTER:
                busy.add(life.path)
    starting = {
        life.path for life in history.lives.values() if life.made < look.position <= min(life.up, life.ended)
    }
    named = {actor.path for actor in look.survey.stuck}
    if not busy <= named <= busy | starting:
        yield f"it named {named} as stuck; it were {busy}"
