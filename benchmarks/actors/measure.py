"""Rates of several sides, taken in turn, and what is printed of them."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import trio

from benchmarks.harness.report import ratios


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. The defaults are those of `make bench`; tests use tiny ones."""

    messages: int = 20_000
    rounds: int = 7
    fleet: int = 100_000
    fleets: int = 3
    traced_fleet: int = 20_000
    tree: int = 10_000


Side = Callable[[int], float]
"""Does something so many times and returns how often a second."""

Rates = Mapping[str, list[float]]
"""By side, one rate a round."""


def on_trio(measure: Callable[[int], Awaitable[float]]) -> Side:
    """A side that is an async function."""
    return lambda count: trio.run(measure, count)


def interleave(sides: Mapping[str, Side], size: Size) -> Rates:
    """Let the sides take turns, so that what disturbs the machine disturbs them alike."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(size.rounds):
        for name, side in sides.items():
            gc.collect()
            rates[name].append(side(size.messages))
    return rates


def report_ratio(what: str, rates: Rates, ours: str, theirs: str, aim: float | None = None) -> None:
    """One line about two sides."""
    found = ratios(rates[ours], rates[theirs])
    mine, other = statistics.median(rates[ours]), statistics.median(rates[theirs])
    print(
        f"{what:<46} {found.median:>6.2f}x ({found.low:.2f} to {found.high:.2f})"
        f"  {mine:>9,.0f}/s against {other:>9,.0f}/s{verdict(aim, found.median)}"
    )


def report(what: str, value: float, unit: str, aim: float | None = None) -> None:
    """One line about a figure of which less is better when there is an aim."""
    text = f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
    print(f"{what:<46} {text:>9} {unit}{verdict(aim, value, at_most=True)}")


def verdict(aim: float | None, value: float, *, at_most: bool = False) -> str:
    """The aim, and whether it is met."""
    if aim is None:
        return ""
    met = value <= aim if at_most else value >= aim
    return f"  aim {'<=' if at_most else '>='} {aim:g}: {'met' if met else 'MISSED'}"
