"""Who watches hears of an end once, and of nothing that did not happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from actors import ActorState
from tests.actors.simulation.history import History
from tests.actors.simulation.trace import What

OVER = (ActorState.STOPPED, ActorState.FAILED)


def check(history: History) -> Iterator[str]:
    watched: Counter[tuple[int, str]] = Counter()
    told: Counter[tuple[int, str]] = Counter()
    since: dict[tuple[int, str], int] = {}
    for position, event in enumerate(history.trace):
        match event.what:
            case What.WATCHES:
                watched[event.life, event.about] += 1
                since.setdefault((event.life, event.about), position)
            case What.TOLD:
                path, reason = event.about.split()
                told[event.life, path] += 1
                if told[event.life, path] > watched[event.life, path]:
                    yield f"{event.path}#{event.life} heard of the end of {path} more often than it watched"
                    continue
                alive = history.life_at(path, since[event.life, path])
                if reason != "NOT_RUNNING" and alive is not None and alive.ended > position:
                    yield f"{event.path}#{event.life} heard of an end of {path} that was none"
    yield from all_told(history, watched, told, since)


def all_told(
    history: History,
    watched: Counter[tuple[int, str]],
    told: Counter[tuple[int, str]],
    since: dict[tuple[int, str], int],
) -> Iterator[str]:
    """When everything has settled, whoever lives knows of all ends."""
    if history.outcome.quiet is None:
        return
    states = {info.path: info.state for info in history.outcome.quiet}
    quiet = history.leaving
    for (number, path), times in watched.items():
        watcher = history.lives[number]
        if not watcher.up < quiet < watcher.ended or path not in history.nodes or since[number, path] > quiet:
            continue
        if states.get(path, ActorState.STOPPED) in OVER and not told[number, path]:
            yield f"{watcher.path}#{number} watched {path} {times} times and was not told of its end"
