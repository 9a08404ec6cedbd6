"""Medians of several runs, ratios within one, and tables of them as Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
AnyRun = TypeVar("AnyRun", bound="Run")


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several, and how far they were apart."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{figure(self.median)} ({figure(self.low)} to {figure(self.high)})"


def spread(values: Iterable[float]) -> Spread:
    values = list(values)
    return Spread(statistics.median(values), min(values), max(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """How many times as much ours is, round by round: what disturbs a round disturbs both.

    Infinitely many times where theirs is nothing: in a short round on a busy machine a side may have answered nobody.
    """
    return spread(one / other if other else math.inf for one, other in zip(ours, theirs, strict=True))


def interleaved(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """What the sides return, one a round. They take turns, each round beginning with another."""
    results: dict[str, list[T]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            results[name].append(sides[name]())
    return results


class Run(Protocol):
    """What a load generator has measured of one side."""

    @property
    def rate(self) -> float:
        """A second."""

    @property
    def server_cpu(self) -> float:
        """Microseconds of a processor for each."""

    @property
    def p50(self) -> int:
        """Microseconds."""

    @property
    def p99(self) -> int:
        """Microseconds."""

    @property
    def own_share(self) -> float:
        """Of the generator's time."""


def comparison(
    runs: Mapping[str, Sequence[AnyRun]], one: str, head: str, shown: Callable[[AnyRun], float]
) -> str:
    """The sides' medians, and ours, which is the first, as so many times theirs, run by run.

    Args:
        one: what is counted: "message".
        head: of a column that only this comparison has, with what is `shown` of a run there.
    """

    def median(side: Sequence[AnyRun], what: Callable[[AnyRun], float]) -> float:
        return statistics.median(map(what, side))

    ours, *_ = runs.values()
    heads = [
        *("", f"{one}s/s", "ours to it", f"CPU µs a {one}", "ours to it"),
        *("p50 ms", "p99 ms", head, "generator's core"),
    ]
    rows = []
    for name, side in runs.items():
        rates = ratios([run.rate for run in ours], [run.rate for run in side])
        costs = ratios([run.server_cpu for run in ours], [run.server_cpu for run in side])
        rows.append(
            [
                name,
                round(median(side, lambda run: run.rate)),
                "" if side is ours else rates,
                median(side, lambda run: run.server_cpu),
                "" if side is ours else costs,
                median(side, lambda run: run.p50) / 1000,
                median(side, lambda run: run.p99) / 1000,
                median(side, shown),
                f"{median(side, lambda run: run.own_share):.0%}",
            ]
        )
    return table(heads, rows)


def figure(value: float) -> str:
    """Three digits that mean something, and no more after the point."""
    for limit, digits in ((1, 3), (10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table: the first column to the left, figures to the right, all padded to be read as text."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(3, *(len(row[column]) for row in [heads, *cells])) for column in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        return "| " + " | ".join([first.strip().ljust(widths[0]), *rest]) + " |"

    rule = [f"{'-' * widths[0]}", *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(heads), line(rule), *map(line, cells)])


def _cell(value: object) -> str:
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case float():
            return figure(value)
        case _:
            return str(value)
