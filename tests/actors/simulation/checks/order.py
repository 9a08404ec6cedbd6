"""Children start in order and stop in reverse order, and stopping takes no longer than it may."""

from __future__ import annotations

from collections.abc import Iterator

from actors import Restart, Strategy
from tests.actors.simulation.history import MOMENT, NEVER, History, Life, is_at_or_below, parent_of
from tests.actors.simulation.plan import ActorPlan, RegionPlan, SupervisorPlan
from tests.actors.simulation.trace import What


def check(history: History) -> Iterator[str]:
    for path, node in history.nodes.items():
        if isinstance(node, SupervisorPlan):
            yield from starts(history, path)
    for life in history.lives.values():
        yield from stops(history, life)
        yield from in_time(history, life)
    yield from whole_end(history)


def starts(history: History, path: str) -> Iterator[str]:
    """In each run of a supervisor, a child is first made when every elder one has been up."""
    children = history.children_of[path]
    first: dict[tuple[int, str], Life] = {}
    for child in children:
        for life in history.by_path.get(child, ()):
            first.setdefault((life.run, child), life)
    for (run, child), life in first.items():
        for elder in children[: children.index(child)]:
            if not isinstance(history.nodes[elder], ActorPlan):
                continue
            up = any(other.run == run and other.up < life.made for other in history.by_path.get(elder, ()))
            if not up and not may_stay_down(history, elder, life.made):
                yield f"{child}#{life.number} was made before {elder} was up"


def may_stay_down(history: History, path: str, before: int) -> bool:
    """Whether an actor need not run: it was stopped by hand, or fell and is not restarted."""
    if any(event.path == path for event in history.find(-1, before, What.STOP)):
        return True
    over = any(life.ended < before for life in history.by_path.get(path, ()))
    match history.actor(path).restart:
        case Restart.PERMANENT:
            return False
        case Restart.TRANSIENT:
            return over
        case Restart.TEMPORARY:
            # The restart of a sibling may take it down for good even before it is made.
            return over or bool(history.find(-1, before, What.DECIDED, What.RESTART))


def stops(history: History, life: Life) -> Iterator[str]:
    """An actor that ends with its supervisor is stopped when all the younger ones have ended."""
    if life.stopping == NEVER:
        return
    path = life.path
    parent = parent_of(path)
    supervisor = history.nodes[parent]
    if isinstance(supervisor, RegionPlan):
        path, parent = parent, parent_of(parent)
        in_order = False
    else:
        assert isinstance(supervisor, SupervisorPlan)
        in_order = supervisor.strategy is not Strategy.ONE_FOR_ONE
    if life.reason == "SHUTDOWN" or (in_order and life.reason == "RESTARTING"):
        siblings = history.children_of[parent]
        younger = siblings[siblings.index(path) + 1 :]
        for other in history.lives.values():
            among_younger = any(is_at_or_below(other.path, sibling) for sibling in younger)
            if among_younger and other.made < life.stopping < other.ended:
                yield f"{life.path}#{life.number} was stopped before {other.path}#{other.number}"


def in_time(history: History, life: Life) -> Iterator[str]:
    limit = history.actor(life.path).stop_timeout + MOMENT
    name = f"{life.path}#{life.number}"
    if life.stopping != NEVER and history.time(life.ended) > history.time(life.stopping) + limit:
        yield f"{name} took too long for stopped()"
    if life.reason != "REQUESTED" and life.stopping != NEVER:
        return
    parent = history.supervisor_of(life.path)
    at_once = isinstance(parent, RegionPlan) or parent.strategy is Strategy.ONE_FOR_ONE
    for position in range(life.made, min(life.ended, len(history.trace))):
        event = history.trace[position]
        if event.what in (What.STOP, What.RESTART) and event.path == life.path and at_once:
            if history.time(life.ended) > event.at + limit and not parent_stops(history, life):
                yield f"{name} did not end in time after it was told to"
            return


def parent_stops(history: History, life: Life) -> bool:
    """Whether a supervisor above was ending meanwhile, and with it, in turn, younger siblings."""
    for event in history.trace[: min(life.ended, len(history.trace))]:
        if event.what in (What.LEAVING, What.OVERSPENT):
            return True
        if event.what in (What.STOP, What.RESTART) and event.path != life.path:
            return True
    return False


def whole_end(history: History) -> Iterator[str]:
    """From the end of the block, every actor may take its time, one after the other."""
    if history.leaving == NEVER:
        return
    took = history.time(history.closed) - history.time(history.leaving)
    allowed = MOMENT
    for path, node in history.nodes.items():
        match node:
            case RegionPlan(actor=actor):
                allowed += actor.stop_timeout
            case ActorPlan() if not isinstance(history.supervisor_of(path), RegionPlan):
                allowed += node.stop_timeout
    if took > allowed:
        yield f"the end took {took} s of {allowed} s"
