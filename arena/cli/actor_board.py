"""The actors of an arena as `arena top` shows them. No input or output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from arena.cli.arena_client import Json
from arena.cli.plain import plain

STUCK_AFTER: Final = 10.0
"""Seconds at one message from which on an actor is shown as stuck."""
WIDE: Final = 100
"""Columns from which on more is shown of each."""

SORTS: Final[dict[str, Callable[[Json], Any]]] = {
    "depth": lambda actor: (-actor["mailbox_depth"], -(actor["handling_for"] or 0), actor["path"]),
    "restarts": lambda actor: (-actor["restarts"], -actor["failed"], actor["path"]),
    "path": lambda actor: actor["path"].split("/"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What was told at one moment.

    Attributes:
        actors: those that are known, which need not be all.
        total: how many match.
        by_state, by_kind: the same by state and kind.
        stuck: how many are at one message for `STUCK_AFTER`.
        dead_letters: messages that nobody handled, since the start.
    """

    actors: tuple[Json, ...]
    total: int
    by_state: Mapping[str, int]
    by_kind: Mapping[str, int]
    stuck: int
    dead_letters: int

    @property
    def left_out(self) -> int:
        """How many match and are not among `actors`."""
        return max(0, self.total - len(self.actors))


@dataclass(frozen=True, slots=True)
class Look:
    """How it is looked at: the order, the first row that is shown, and whether time stands still."""

    sort: str
    first: int = 0
    paused: bool = False


def pressed(look: Look, key: str, rows: int, page: int) -> Look:
    """After a key, with so many rows of which a page is seen."""
    last = max(0, rows - page)
    match key:
        case "p":
            return replace(look, paused=not look.paused)
        case "s":
            names = list(SORTS)
            return replace(look, sort=names[(names.index(look.sort) + 1) % len(names)], first=0)
        case "up":
            first = look.first - 1
        case "down":
            first = look.first + 1
        case "page up":
            first = look.first - page
        case "page down":
            first = look.first + page
        case "home":
            first = 0
        case "end":
            first = last
        case _:
            return look
    return replace(look, first=min(max(first, 0), last))


def totals(sample: Sample) -> list[Text]:
    """By state, by kind, and what should not be."""
    waiting = sum(actor["mailbox_depth"] for actor in sample.actors)
    restarts = sum(actor["restarts"] for actor in sample.actors)
    states = ", ".join(f"{number} {plain(state)}" for state, number in _most(sample.by_state))
    kinds = ", ".join(f"{number} {plain(kind)}" for kind, number in _most(sample.by_kind))
    counts = Text(no_wrap=True, overflow="ellipsis")
    counts.append(f"{waiting} waiting, ")
    counts.append(f"{sample.stuck} stuck", "bold red" if sample.stuck else "")
    counts.append(f", {restarts} restarts, {sample.dead_letters} dead letters")
    return [
        Text(f"{sample.total} actors: {states}", no_wrap=True, overflow="ellipsis"),
        counts,
        Text(kinds, no_wrap=True, overflow="ellipsis", style="dim"),
    ]


def _most(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((name, number) for name, number in numbers.items() if number), key=lambda item: -item[1])


def head(width: int) -> Text:
    """The names of the columns."""
    names = _columns("path", "state", "depth", "restarts", width)
    if width >= WIDE:
        names += _more("handled", "crashes", "at")
    return Text(_fit(names, width).rstrip(), style="bold", no_wrap=True, overflow="crop")


def row(actor: Json, width: int) -> Text:
    """An actor on one line."""
    path, state = plain(actor["path"]), plain(actor["state"])
    cells = _columns(path, state, str(actor["mailbox_depth"]), str(actor["restarts"]), width)
    if width >= WIDE:
        at = f"{plain(actor['handling'])} {actor['handling_for']:.1f} s" if actor["handling"] else ""
        if not at and actor["last_error"]:
            at = plain(actor["last_error"])
        cells += _more(str(actor["handled"]), str(actor["failed"]), at)
    return Text(_fit(cells, width).rstrip(), style=_style(actor), no_wrap=True, overflow="crop")


def _style(actor: Json) -> str:
    if actor["state"] in ("failed", "restarting"):
        return "bold red"
    if (actor["handling_for"] or 0) >= STUCK_AFTER:
        return "red"
    if actor["mailbox_depth"] * 2 >= actor["mailbox_capacity"] > 0:
        return "yellow"
    return "" if actor["state"] == "running" else "dim"


def _columns(path: str, state: str, depth: str, restarts: str, width: int) -> str:
    """The columns that are always there; those after the path take 26 cells."""
    extra = 42 if width >= WIDE else 0
    return f"{_end_of(path, max(8, width - 26 - extra))} {_fit(state, 10)} {depth:>5} {restarts:>8}"


def _more(handled: str, crashes: str, at: str) -> str:
    return f" {handled:>9} {crashes:>7} {at}"


def _fit(text: str, width: int) -> str:
    return set_cell_size(text, width)


def _end_of(path: str, width: int) -> str:
    """The end of a path tells more than its beginning."""
    if cell_len(path) <= width:
        return _fit(path, width)
    while cell_len(path) > width - 1:
        path = path[1:]
    return _fit(f"…{path}", width)


def page_of(sample: Sample, look: Look, page: int) -> list[Json]:
    """The rows that are seen, in their order."""
    ordered = sorted(sample.actors, key=SORTS[look.sort])
    first = min(look.first, max(0, len(ordered) - page))
    return ordered[first : first + page]
