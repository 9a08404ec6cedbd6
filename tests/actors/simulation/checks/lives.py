"""Lives of one path never overlap, and messages are handled only between started and stopped, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.actors.simulation.history import NEVER, History, Life
from tests.actors.simulation.trace import What


def check(history: History) -> Iterator[str]:
    for path, lives in history.by_path.items():
        for one, other in pairwise(lives):
            if other.made < one.ended:
                yield f"{path}#{other.number} was made before {path}#{one.number} had ended"
        for life in lives:
            yield from well_ordered(life)
    yield from nothing_outside(history)


def well_ordered(life: Life) -> Iterator[str]:
    name = f"{life.path}#{life.number}"
    if life.ended == NEVER:
        yield f"{name} never ended"
    if not life.made <= min(life.up, life.ended):
        yield f"{name} was up before it was made"
    if life.stopping != NEVER and not life.up < life.stopping < life.ended:
        yield f"{name} was stopped without being up, or after its end"
    if life.broken < life.stopping != NEVER:
        yield f"{name} had crashed, yet stopped() was called"


def nothing_outside(history: History) -> Iterator[str]:
    busy: dict[int, int] = {}
    for position, event in enumerate(history.trace):
        match event.what:
            case What.TAKEN | What.TOLD:
                life = history.lives[event.life]
                if not life.up < position < min(life.stopping, life.ended):
                    yield f"{event.path}#{event.life} was given a message before started or after stopped"
                if life.wanted_to_stop < position:
                    yield f"{event.path}#{event.life} was given a message after it had asked to stop"
                if event.life in busy:
                    yield f"{event.path}#{event.life} was given a message while it handled another"
                if event.what is What.TAKEN:
                    busy[event.life] = event.job
            case What.HANDLED | What.REFUSED | What.CUT:
                busy.pop(event.life, None)
            case What.BROKEN if event.job:
                busy.pop(event.life, None)
            case What.CHILD_ENDED if position > history.lives[event.life].ended:
                yield f"a child task of {event.path}#{event.life} outlived it"
