"""Who is linked to an actor that crashes, crashes in the same instant; nobody else does.

`history` works out which lives have to crash, and with which error, from the crashes that were planned and the links
that held then. The runtime's log tells which did.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.actors.simulation.history import NEVER, History, Life
from tests.actors.simulation.trace import What


def check(history: History) -> Iterator[str]:
    for life in history.lives.values():
        yield from crashes_as_it_must(history, life)
    for position, event in enumerate(history.trace):
        match event.what:
            case What.LINKED | What.NOT_LINKED:
                other = history.life_at(event.about, position)
                alive = other is not None and other.ended > position
                if alive is not (event.what is What.LINKED):
                    yield f"{event.path}#{event.life} {event.what} {event.about}, which lives: {alive}"
            case What.TAKEN | What.TOLD if history.lives[event.life].broken < position:
                yield f"{event.path}#{event.life} was given a message after it had crashed"


def crashes_as_it_must(history: History, life: Life) -> Iterator[str]:
    name = f"{life.path}#{life.number}"
    errors = [event.about for event in life.logged]
    if life.broken == NEVER:
        if errors:
            yield f"{name} crashed with {errors} for no reason"
        return
    if errors != [life.error]:
        yield f"{name} should have crashed with {life.error}, and did so with {errors}"
    if history.time(life.ended) != history.time(life.broken):
        yield f"{name} crashed at {history.time(life.broken)}, and ended at {history.time(life.ended)}"
