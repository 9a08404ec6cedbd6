"""A trace, sorted by lives of actors and by messages, as the checks need it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from actors import DeadLetter
from tests.actors.simulation.plan import ActorPlan, Job, RegionPlan, SupervisorPlan, nodes
from tests.actors.simulation.run import Outcome
from tests.actors.simulation.trace import Event, What

NEVER = 10**9
"""A position behind the end of every trace."""

MOMENT = 1e-6
"""Seconds: errors of floats."""


@dataclass(slots=True)
class Life:
    """One start of an actor. Positions are those in the trace."""

    path: str
    number: int
    run: int
    """Of its supervisor or region."""
    made: int
    up: int = NEVER
    stopping: int = NEVER
    reason: str = ""
    ended: int = NEVER
    broken: int = NEVER
    """The first crash; also of `started`, of `stopped`, of child tasks, and that of a link."""
    error: str = ""
    """What it crashed with first."""
    logged: list[Event] = field(default_factory=list)
    """Crashes that the runtime's log tells of."""
    linked: set[int] = field(default_factory=set)
    """Other lives."""
    wanted_to_stop: int = NEVER
    busy: int = NEVER
    """When it was last seen to start, or to have to do with a message."""
    bodiless: bool = False
    """The factory failed, so that there never was an actor."""


@dataclass(slots=True)
class Fate:
    """What became of one message. Positions are those in the trace."""

    number: int
    target: str = ""
    sender: str = ""
    sent: int = NEVER
    asked: bool = False
    must_leave_a_trace: bool = False
    timer_of: int = 0
    """The life that set a timer for it."""
    due: float = 0.0
    timer_cancelled: bool = False
    turned_away: str = ""
    """The error, if it was told to who would not have it."""
    full: bool = False
    """Whether it was told when there was no room."""
    dropped: list[int] = field(default_factory=list)
    dropped_for: int = 0
    """The message that it had to give way to."""
    outcomes: list[Event] = field(default_factory=list)
    """What its asker got."""
    taken: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """Ends of its handling: handled, refused, broken or cut."""
    letters: list[DeadLetter] = field(default_factory=list)


class History:
    """An outcome with an index."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.trace = outcome.trace
        self.nodes = dict(nodes(outcome.plan.root))
        self.lives: dict[int, Life] = {}
        self.by_path: dict[str, list[Life]] = defaultdict(list)
        self.fates: dict[int, Fate] = {}
        self.children_of: dict[str, list[str]] = defaultdict(list)
        for path in self.nodes:
            if path != "/":
                self.children_of[parent_of(path)].append(path)
        self.leaving = self.closed = NEVER
        for position, event in enumerate(self.trace):
            self._read_life(position, event)
            self._read_message(position, event)
        for letter in outcome.dead_letters:
            if isinstance(letter.message, Job):
                self._fate(letter.message.number).letters.append(letter)

    def time(self, position: int) -> float:
        """When it was; infinite if never."""
        return self.trace[position].at if position != NEVER else float("inf")

    def actor(self, path: str) -> ActorPlan:
        node = self.nodes[path]
        assert isinstance(node, ActorPlan)
        return node

    def supervisor_of(self, path: str) -> SupervisorPlan | RegionPlan:
        node = self.nodes[parent_of(path)]
        assert isinstance(node, SupervisorPlan | RegionPlan)
        return node

    def life_at(self, path: str, position: int) -> Life | None:
        """The newest life of a path that was made before this position."""
        return next((life for life in reversed(self.by_path.get(path, [])) if life.made < position), None)

    def find(self, first: int, last: int, *whats: What) -> list[Event]:
        """Events of these kinds between two positions, neither included."""
        return [event for event in self.trace[first + 1 : last] if event.what in whats]

    def was_passivated(self, life: Life) -> bool:
        """Whether it was, or was about to be when something else ended it, which leaves no trace of its own."""
        node = self.supervisor_of(life.path)
        if not isinstance(node, RegionPlan) or node.idle_after is None or life.busy == NEVER:
            return False
        idle = self.time(life.ended) - self.time(life.busy)
        return life.reason == "PASSIVATED" or idle >= node.idle_after - MOMENT

    def _read_life(self, position: int, event: Event) -> None:
        if event.what in (What.UP, What.TAKEN, What.TOLD, What.HANDLED, What.REFUSED):
            self.lives[event.life].busy = position
        match event.what:
            case What.LEAVING:
                self.leaving = position
            case What.CLOSED:
                self.closed = position
            case What.MADE | What.NOT_MADE:
                life = Life(event.path, event.life, event.run, position)
                if event.what is What.NOT_MADE:
                    # Where it ends is in the log alone.
                    life.bodiless, life.broken, life.error = True, position, event.about
                self.lives[event.life] = life
                self.by_path[event.path].append(life)
            case What.UP:
                self.lives[event.life].up = position
            case What.STOPPING:
                self.lives[event.life].stopping = position
                self.lives[event.life].reason = event.about
            case What.ENDED:
                self._end(self.lives[event.life], position)
            case What.CRASHED:
                self.lives[event.life].logged.append(event)
                if self.lives[event.life].bodiless:
                    self._end(self.lives[event.life], position)
            case What.BROKEN:
                self._break(self.lives[event.life], position, event.about)
            case What.LINKED:
                self._link(self.lives[event.life], self.life_at(event.about, position))
            case What.FINISH:
                self.lives[event.life].wanted_to_stop = min(position, self.lives[event.life].wanted_to_stop)

    def _end(self, life: Life, position: int) -> None:
        """The end of a life, and what it means for those that are linked to it."""
        life.ended = min(position, life.ended)
        for number in life.linked:
            other = self.lives[number]
            other.linked.discard(life.number)
            if life.broken < position:
                self._break(other, position, f"LinkBroken {life.path}")
        life.linked = set()

    def _break(self, life: Life, position: int, error: str) -> None:
        if position < life.broken:
            life.broken, life.error = position, error

    def _link(self, life: Life, other: Life | None) -> None:
        if other is not None and other is not life and other.ended == NEVER:
            life.linked.add(other.number)
            other.linked.add(life.number)

    def _read_message(self, position: int, event: Event) -> None:
        if not event.job:
            return
        fate = self._fate(event.job)
        match event.what:
            case What.SENT | What.ASKED:
                fate.target, fate.sender, fate.sent = event.path, event.about, position
                fate.asked = event.what is What.ASKED
                fate.must_leave_a_trace = not fate.asked or event.run == 1
            case What.TURNED_AWAY:
                fate.target, fate.turned_away, fate.sent = event.path, event.about, position
            case What.FULL:
                fate.full = True
            case What.DROPPED:
                fate.dropped.append(position)
                fate.dropped_for = int(event.about)
            case What.TIMER:
                fate.target, fate.timer_of, fate.due, fate.sent = (
                    event.path,
                    event.life,
                    event.value,
                    position,
                )
                fate.sender = f"timers of {event.life}"
            case What.NO_TIMER:
                fate.timer_cancelled = True
            case What.ANSWERED | What.FAILED | What.GAVE_UP:
                fate.outcomes.append(event)
            case What.TAKEN:
                fate.taken.append(position)
            case What.HANDLED | What.REFUSED | What.CUT | What.BROKEN:
                fate.ends.append(position)

    def _fate(self, number: int) -> Fate:
        if number not in self.fates:
            self.fates[number] = Fate(number)
        return self.fates[number]


def parent_of(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def is_at_or_below(path: str, above: str) -> bool:
    return path == above or path.startswith(above.rstrip("/") + "/")
