"""Makes a plan of a seed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from actors import Intensity, Overflow, Restart, Strategy
from tests.actors.simulation.plan import (
    ActorPlan,
    Ask,
    Child,
    Crash,
    Deed,
    Ending,
    Finish,
    Job,
    Later,
    Link,
    Operate,
    Pause,
    Plan,
    Refuse,
    RegionPlan,
    Sleep,
    Start,
    SupervisorPlan,
    Tell,
    Watch,
    nodes,
)

SECONDS = (0.0, 0.1, 0.5, 1.0, 1.0, 2.0, 7.0)
"""Few values, so that things often happen at the same time."""


def make_plan(seed: int) -> Plan:
    """The plan of this seed, always the same."""
    return Maker(seed).plan()


class Maker:
    """Draws the parts of one plan."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = Random(seed)
        self._names = iter("abcdefghijklmnopqrstuvwxyz")
        self._budget = self._random.randint(1, 6)
        # How often things go wrong differs from plan to plan: all the time is no better a test than never.
        self._trouble = self._random.choice([0.0, 0.05, 0.15, 0.3])
        self._operators = self._random.choice([0.0, 0.0, 0.08, 0.2])
        self._links = self._random.choice([0.0, 0.1, 0.3, 0.6])
        self._targets: list[str] = []
        self._places: list[str] = []

    def plan(self) -> Plan:
        random = self._random
        shape = self._supervisor("root", depth=0)
        for path, node in nodes(shape):
            self._places.append(path)
            if isinstance(node, ActorPlan):
                self._targets.append(path)
        self._targets = self._targets or ["/nobody"]
        return Plan(
            seed=self._seed,
            root=self._with_scripts(shape),
            senders=tuple(self._sender() for _ in range(random.randint(1, 3))),
            ending=random.choices(list(Ending), [5, 1, 1, 1])[0],
            over_at=random.uniform(0, 8),
            early=random.random() < 0.2,
        )

    # -- the tree --------------------------------------------------------------------------------------------

    def _supervisor(self, name: str, depth: int) -> SupervisorPlan:
        random = self._random
        children: list[ActorPlan | RegionPlan | SupervisorPlan] = []
        for _ in range(random.randint(1, 4)):
            if self._budget <= 0:
                break
            kind = random.random()
            if kind < 0.25 and depth < 2:
                children.append(self._supervisor(next(self._names), depth + 1))
                continue
            self._budget -= 1
            children.append(self._region() if kind < 0.5 else self._actor(next(self._names)))
        return SupervisorPlan(name, tuple(children), random.choice(list(Strategy)), self._intensity())

    def _region(self) -> RegionPlan:
        random = self._random
        name = next(self._names)
        return RegionPlan(
            name,
            self._actor("each"),
            ids=("x", "y", "z")[: random.randint(1, 3)],
            idle_after=random.choice([None, 0.5, 1.0, 3.0]),
            capacity=random.choice([1, 2, 10]),
            intensity=self._intensity(),
        )

    def _actor(self, name: str) -> ActorPlan:
        random = self._random
        return ActorPlan(
            name,
            restart=random.choice(
                [Restart.PERMANENT, Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY]
            ),
            capacity=random.choice([1, 2, 3, 20]),
            overflow=random.choice([Overflow.REFUSE, *Overflow]),
            stop_timeout=random.choice([0.5, 1.0, 5.0]),
            starts=(),
            stop=(),
        )

    def _intensity(self) -> Intensity:
        random = self._random
        return Intensity(
            max_restarts=random.choice([0, 1, 1, 2, 3, 5]),
            within=random.choice([1.0, 3.0, 30.0]),
            backoff_initial=random.choice([0.0, 0.1, 0.5, 1.0]),
            backoff_max=random.choice([1.0, 2.0, 4.0]),
            jitter=random.choice([0.0, 0.5]),
        )

    def _with_scripts(self, node: SupervisorPlan) -> SupervisorPlan:
        """The same tree with what its actors do in ``started`` and ``stopped``: that needs all the paths."""
        children: list[ActorPlan | RegionPlan | SupervisorPlan] = []
        for child in node.children:
            match child:
                case SupervisorPlan():
                    children.append(self._with_scripts(child))
                case RegionPlan():
                    children.append(replace(child, actor=self._script(child.actor)))
                case ActorPlan():
                    children.append(self._script(child))
        return replace(node, children=tuple(children))

    def _script(self, actor: ActorPlan) -> ActorPlan:
        random = self._random
        starts = tuple(self._start() for _ in range(random.choice([0, 1, 3])))
        stop: list[Deed] = []
        if random.random() < 0.4:
            stop.append(random.choice([Sleep(self._seconds()), Pause(2)]))
        if random.random() < 0.15:
            stop.append(self._send(limited=True, nested=2))
        if random.random() < self._trouble:
            stop.append(Crash())
        return replace(actor, starts=starts, stop=tuple(stop))

    def _start(self) -> Start:
        random = self._random
        if random.random() < self._trouble / 3:
            return Start(factory_fails=True)
        deeds: list[Deed] = []
        if random.random() < 0.4:
            deeds.append(random.choice([Sleep(self._seconds()), Pause(random.randint(1, 3))]))
        if random.random() < 0.3:
            deeds.append(self._deed(nested=2, limited=True))
        if random.random() < self._links:
            deeds += [Link(self._target()) for _ in range(random.choice([1, 1, 2]))]
        finishes = random.random() < self._trouble / 6
        if finishes:
            deeds.append(Finish())
        if random.random() < (0.5 if finishes else self._trouble / 2):
            deeds.append(Crash())
        return Start(tuple(deeds))

    # -- what is done ----------------------------------------------------------------------------------------

    def _sender(self) -> tuple[Deed, ...]:
        random = self._random
        deeds: list[Deed] = []
        for _ in range(random.randint(2, 9)):
            if random.random() < self._operators:
                deeds.append(Operate(random.random() < 0.6, random.choice([*self._places, "/nobody"])))
            deeds.append(self._send(limited=random.random() < 0.5, nested=0))
            if random.random() < 0.5:
                deeds.append(
                    random.choice(
                        [Pause(random.randint(1, 4)), Sleep(self._seconds()), Sleep(self._seconds())]
                    )
                )
        return tuple(deeds)

    def _seconds(self) -> float:
        return self._random.choice(SECONDS)

    def _target(self) -> str:
        random = self._random
        if random.random() < 0.02:
            return random.choice(["/nobody", "/"])
        # Most of the mail goes to few, so that it queues.
        return self._targets[min(random.randrange(len(self._targets)), random.randrange(len(self._targets)))]

    def _send(self, *, limited: bool, nested: int) -> Deed:
        random = self._random
        target, job = self._target(), self._job(nested)
        if random.random() < 0.55:
            return Tell(target, job)
        limit = random.choice([0.0, 0.1, 0.5, 1.0, 3.0]) if limited else None
        return Ask(target, job, limit, fatal=random.random() < 0.15)

    def _job(self, nested: int) -> Job:
        random = self._random
        deeds = [self._deed(nested + 1) for _ in range(random.choice([0, 0, 1, 1, 2]))]
        if random.random() < self._trouble:
            trouble = [Crash(), Crash(), Refuse(), Finish(), Child(self._seconds(), crash=True)]
            # Two in a row, or something after the wish to stop, now and then.
            deeds.insert(random.randrange(-1, 3) % (len(deeds) + 1), random.choice(trouble))
            if random.random() < 0.2:
                deeds.append(random.choice(trouble))
        return Job(tuple(deeds))

    def _deed(self, nested: int, *, limited: bool = False) -> Deed:
        random = self._random
        if random.random() < self._links / 2:
            return Link(self._target())
        draw = random.random()
        if draw < 0.3:
            return Pause(random.randint(1, 3))
        if draw < 0.55:
            return Sleep(self._seconds())
        if draw < 0.75 and nested < 3:
            return self._send(limited=limited or random.random() < 0.3, nested=nested)
        if draw < 0.83 and nested < 3:
            return Later(self._seconds(), self._job(nested), cancelled=random.random() < 0.2)
        if draw < 0.9:
            return Watch(self._target())
        if draw < 0.95:
            return Child(self._seconds(), crash=False)
        if random.random() < self._operators:
            return Operate(random.random() < 0.6, random.choice(self._places))
        return Pause(1)
