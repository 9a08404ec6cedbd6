"""Nobody is restarted more often than allowed, sooner than allowed, or without a reason; and who has to be, is.

The runtime's log says what supervisors decide. The checks compare that with a count of their own, and with what
actors saw: every start needs a decision or an operator, every crash a decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from actors import Intensity, Restart, Strategy
from tests.actors.simulation.history import MOMENT, NEVER, History, Life, is_at_or_below, parent_of
from tests.actors.simulation.plan import ActorPlan, Ending, RegionPlan, SupervisorPlan
from tests.actors.simulation.trace import Event, What

BY_HAND = (What.STOP, What.RESTART)


def check(history: History) -> Iterator[str]:
    yield from root_fails_when_it_gives_up(history)
    decisions: dict[str, list[tuple[int, Event]]] = defaultdict(list)
    for position, event in enumerate(history.trace):
        if event.what in (What.DECIDED, What.OVERSPENT):
            decisions[event.path].append((position, event))
    for path, node in history.nodes.items():
        match node:
            case SupervisorPlan():
                yield from within_intensity(node.intensity, decisions[path])
                yield from decided_for_a_reason(history, decisions[path])
                yield from escalates(history, path, decisions[path])
            case RegionPlan():
                for id_ in node.ids:
                    mine = [entry for entry in decisions[path] if entry[1].about == id_]
                    yield from region_within_intensity(history, f"{path}/{id_}", node, mine)
            case ActorPlan():
                yield from starts_have_reasons(history, path)
                yield from crashes_have_consequences(history, path)
    for path in decisions:
        yield from waits(history, path, decisions[path])


def root_fails_when_it_gives_up(history: History) -> Iterator[str]:
    gave_up = any(event.path == "/" for event in history.find(-1, NEVER, What.OVERSPENT))
    if gave_up != history.outcome.failed:
        yield f"the root gave up: {gave_up}, and the system failed: {history.outcome.failed}"


# -- how often -----------------------------------------------------------------------------------------------


def within_intensity(limits: Intensity, decisions: list[tuple[int, Event]]) -> Iterator[str]:
    """A supervisor counts anew in each run. It gives up exactly when its restarts are used up."""
    granted: dict[int, list[Event]] = defaultdict(list)
    for _, event in decisions:
        recent = [e for e in granted[event.run] if e.at > event.at - limits.within]
        if event.what is What.OVERSPENT:
            if len(recent) < limits.max_restarts:
                yield f"{event.path} gave up after {len(recent)} restarts"
            continue
        if len(recent) >= limits.max_restarts:
            yield f"{event.path} restarts {event.about} although {len(recent)} restarts were granted"
        granted[event.run].append(event)
        yield from delay_is_right(limits, event, sum(e.about == event.about for e in recent))


def delay_is_right(limits: Intensity, event: Event, earlier: int) -> Iterator[str]:
    longest = min(limits.backoff_initial * 2.0**earlier, limits.backoff_max)
    if not longest * (1 - limits.jitter) - MOMENT <= event.value <= longest + MOMENT:
        yield f"{event.path} restarts {event.about} after {event.value} s; {longest} s are due"


def region_within_intensity(
    history: History, path: str, plan: RegionPlan, decisions: list[tuple[int, Event]]
) -> Iterator[str]:
    """A region counts for each activation. Where one ends cannot be seen, so that at most this many are certain."""
    limits = plan.intensity
    certain: list[Event] = []
    possible: list[Event] = []
    before = -1
    for position, event in decisions:
        lives = [life for life in history.by_path[path] if before < life.ended < position]
        if any(life.stopping != NEVER or history.was_passivated(life) for life in lives) or history.find(
            before, position, *BY_HAND
        ):
            certain = []
        if certain and certain[-1].run != event.run:
            certain, possible = [], []
        recent = [e for e in certain if e.at > event.at - limits.within]
        if event.what is What.OVERSPENT:
            if len([e for e in possible if e.at > event.at - limits.within]) < limits.max_restarts:
                yield f"{event.path} gave up on {event.about} too soon"
            certain, possible = [], []
        else:
            if len(recent) >= limits.max_restarts:
                yield f"{path} is restarted although {len(recent)} restarts were granted"
            certain.append(event)
            possible.append(event)
        before = position


def waits(history: History, path: str, decisions: list[tuple[int, Event]]) -> Iterator[str]:
    """Nobody is made before the delay is over, except by hand or in a new run of the supervisor."""
    node = history.nodes[path]
    assert isinstance(node, SupervisorPlan | RegionPlan)
    region = isinstance(node, RegionPlan)
    for position, event in decisions:
        child = f"{path.rstrip('/')}/{event.about}"
        delay = event.value if event.what is What.DECIDED else node.intensity.backoff_max if region else 0.0
        following = next((life for life in history.by_path.get(child, ()) if life.made > position), None)
        if (
            following is None
            or following.run != event.run
            or history.find(position, following.made, *BY_HAND)
        ):
            continue
        if history.time(following.made) < event.at + delay - MOMENT:
            yield f"{child}#{following.number} was made too soon after its crash"


# -- why -----------------------------------------------------------------------------------------------------


def shares_fate(history: History, supervisor: str, fallen: str, path: str) -> bool:
    """Whether a child is restarted because this one is."""
    node = history.nodes[supervisor]
    if fallen == path or isinstance(node, RegionPlan):
        return fallen == path
    siblings = history.children_of[supervisor]
    match node.strategy if isinstance(node, SupervisorPlan) else None:
        case Strategy.ONE_FOR_ALL:
            return True
        case Strategy.REST_FOR_ONE:
            return siblings.index(fallen) < siblings.index(path)
        case _:
            return False


def starts_have_reasons(history: History, path: str) -> Iterator[str]:
    """In one run of a supervisor, an actor is made again only by a decision or by hand."""
    parent = parent_of(path)
    region = isinstance(history.nodes[parent], RegionPlan)
    lives = history.by_path.get(path, [])
    for index, (one, other) in enumerate(pairwise(lives)):
        free = one.stopping != NEVER or history.was_passivated(one) or ended_by_rule(history, one)
        if one.run != other.run or (region and free):
            continue  # a new run of the supervisor; a message activates
        # A supervisor may carry out an order when the actor it was for has been made meanwhile.
        since = lives[index - 1].made if index else -1
        reasons = history.find(since, other.made, What.DECIDED, What.OVERSPENT, *BY_HAND)
        if not any(explains(history, event, parent, path) for event in reasons):
            yield f"{path}#{other.number} was made without a reason"


def ended_by_rule(history: History, life: Life) -> bool:
    """Actors of a region that are not restarted leave their id free."""
    return history.actor(life.path).restart is Restart.TEMPORARY


def explains(history: History, event: Event, parent: str, path: str) -> bool:
    if event.what in BY_HAND:
        return event.path == path or (
            parent_of(event.path) == parent and shares_fate(history, parent, event.path, path)
        )
    fallen = f"{parent.rstrip('/')}/{event.about}"
    return event.path == parent and fallen in history.nodes and shares_fate(history, parent, fallen, path)


def decided_for_a_reason(history: History, decisions: list[tuple[int, Event]]) -> Iterator[str]:
    """A supervisor decides only about a child that ended by itself, or a supervisor that gave up, once for each."""
    used: set[object] = set()
    for position, event in decisions:
        child = f"{event.path.rstrip('/')}/{event.about}"
        node = history.nodes[child]
        if isinstance(node, ActorPlan):
            life = history.life_at(child, position)
            by_itself = life is not None and (life.broken < position or life.wanted_to_stop < position)
            if life is None or life.ended > position or not by_itself or life.number in used:
                yield f"{event.path} decides about {child}, which did not end by itself"
            elif node.restart is Restart.TEMPORARY:
                yield f"{event.path} restarts {child}, which is temporary"
            elif node.restart is Restart.TRANSIENT and life.broken > position:
                yield f"{event.path} restarts {child}, which finished"
            else:
                used.add(life.number)
            continue
        given_up = [(e.path, e.run) for e in history.find(-1, position, What.OVERSPENT) if e.path == child]
        if not given_up or given_up[-1] in used:
            yield f"{event.path} decides about {child}, which did not give up"
        else:
            used.add(given_up[-1])


def crashes_have_consequences(history: History, path: str) -> Iterator[str]:
    """Who crashed by itself is decided about, unless something else took it, its siblings or its supervisor down."""
    parent = parent_of(path)
    if history.actor(path).restart is Restart.TEMPORARY or history.outcome.plan.ending is Ending.CANCELLED:
        return  # a cancellation while the tree starts leaves no trace of its own
    lives = history.by_path.get(path, [])
    for index, life in enumerate(lives):
        if life.broken == NEVER or life.reason not in ("", "FINISHED") or history.was_passivated(life):
            continue
        following = lives[index + 1].made if index + 1 < len(lives) else NEVER
        until = min(following, history.closed)
        # What was decided before may be carried out now, and orders even much later.
        since = lives[index - 1].made if index else -1
        meanwhile = history.find(-1, until, *BY_HAND)
        meanwhile += history.find(since, until, What.LEAVING, What.DECIDED, What.OVERSPENT)
        if not any(concerns(history, event, parent, path) for event in meanwhile):
            yield f"{path}#{life.number} crashed, and nobody took notice"


def concerns(history: History, event: Event, parent: str, path: str) -> bool:
    match event.what:
        case What.LEAVING:
            return True
        case What.DECIDED | What.OVERSPENT if event.path == parent:
            fallen = f"{parent.rstrip('/')}/{event.about}"
            return event.what is What.OVERSPENT or shares_fate(history, parent, fallen, path)
        case What.DECIDED | What.OVERSPENT:
            return is_at_or_below(parent, event.path)
        case _:
            return event.path != "/nobody"


def escalates(history: History, path: str, decisions: list[tuple[int, Event]]) -> Iterator[str]:
    """A supervisor that gives up is decided about by its own, unless that ends or something else took it down."""
    if path == "/" or history.outcome.plan.ending is Ending.CANCELLED:
        return
    parent = parent_of(path)
    for position, event in decisions:
        if event.what is not What.OVERSPENT or position > history.leaving:
            continue
        by_hand = history.find(-1, NEVER, *BY_HAND)
        after = history.find(position, NEVER, What.LEAVING, What.DECIDED, What.OVERSPENT)
        if not by_hand and not any(concerns(history, e, parent, path) for e in after):
            yield f"{path} gave up, and nobody took notice"
