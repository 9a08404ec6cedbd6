"""What all actors of one kind have done together: counters that never go down, for metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from actors.deadletters import Undelivered

BOUNDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0)
"""Upper bounds of the buckets of these histograms, in seconds; one more bucket has the rest."""

MAX_KINDS = 200
"""Kinds that are told apart, as each becomes a label of metrics. More than these share `OTHER`."""

OTHER = "other"


class Histogram:
    """Counts of durations by size."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        self.bounds = bounds
        """Upper bounds of the buckets, in seconds, in order."""
        self.counts = [0] * (len(bounds) + 1)
        """How many fell into each bucket, not accumulated."""
        self.total = 0.0
        """Sum of all durations, in seconds."""

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class KindStats:
    """The counters of one kind, over all its actors, also those that are gone."""

    __slots__ = (
        "crashed",
        "dead_letters",
        "handled",
        "handling",
        "kind",
        "restarted",
        "started",
        "stuck",
        "waiting",
    )

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.started = 0
        """Starts, restarts and activations included."""
        self.restarted = 0
        self.crashed = 0
        self.handled = 0
        """Messages handled without a crash."""
        self.stuck = 0
        """Messages that were found to take too long."""
        self.dead_letters: Counter[Undelivered] = Counter()
        self.waiting = Histogram()
        """From being queued to being taken up."""
        self.handling = Histogram()
        """From being taken up to the answer, or the crash."""


class Statistics:
    """The counters of a system, by kind."""

    def __init__(self) -> None:
        self._kinds: dict[str, KindStats] = {}

    def of(self, kind: str) -> KindStats:
        """Those of one kind, or of `OTHER` when there are too many."""
        stats = self._kinds.get(kind)
        if stats is None:
            if len(self._kinds) >= MAX_KINDS:
                kind = OTHER
            stats = self._kinds.setdefault(kind, KindStats(kind))
        return stats

    @property
    def by_kind(self) -> Mapping[str, KindStats]:
        """All kinds there have been."""
        return MappingProxyType(self._kinds)
