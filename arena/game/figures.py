"""The last hour in figures, for plots: sampled every few seconds, in memory alone.

Rates and quantiles are those of one step: differences of counters, and of the buckets of histograms. Nothing of it
outlives the process; Prometheus is for more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import time
from typing import TYPE_CHECKING, Final, NoReturn

import trio

from actors import Histogram
from arena.chain.client import ChainUnavailable, Commitment

if TYPE_CHECKING:
    from arena.game.services import Services

STEP: Final = 5
"""Seconds. Steps end at Unix times that are multiples of it."""
STEPS: Final = 3600 // STEP
"""Steps that are remembered."""
MARGIN: Final = 0.05
"""Seconds after the end of a step at which it is looked at: clocks differ a little."""
SLOT_TIMEOUT: Final = 2.0
"""Seconds that the chain's node has to tell its slots."""

RATES: Final = ("requests", "frames_in", "frames_out", "quoted", "paid", "judged")
"""Counters of `Traffic` that are shown by the second."""
LATENCIES: Final = ("quote", "payment", "verdict")
"""Histograms of `Traffic` that are shown as quantiles."""
NAMES: Final = (
    *RATES,
    "connections",
    *(f"{name}_{quantile}" for name in LATENCIES for quantile in ("p50", "p99")),
    "journal_queued",
    "journal_commit_seconds",
    "loop_lag_seconds",
    "actor_restarts",
    "chain_slot_lag",
)

Sample = Mapping[str, float | None]
_NOTHING: Final[Sample] = dict.fromkeys(NAMES)


@dataclass(frozen=True, slots=True)
class Columns:
    """Some steps, the oldest first. ``until``: the end of the last one, Unix seconds."""

    until: int
    series: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class _Counts:
    """All that is counted, at one moment of trio's clock."""

    at: float
    rates: Mapping[str, int]
    latencies: Mapping[str, tuple[int, ...]]
    batches: int
    restarts: int


class Figures:
    """Samples a running arena."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._samples: deque[Sample] = deque(maxlen=STEPS)
        self._until = 0
        self._before: _Counts | None = None

    async def run(self) -> NoReturn:
        """Sample at the end of each step."""
        self.sample(time())
        while True:
            await trio.sleep(STEP - time() % STEP + MARGIN)
            lag = await self._slot_lag()
            self.sample(time(), chain_slot_lag=lag)

    def since(self, until: int = 0) -> Columns:
        """The steps that ended after ``until``, in Unix seconds, as far as they are remembered."""
        count = min(len(self._samples), max(0, (self._until - until + STEP - 1) // STEP))
        samples = list(self._samples)[len(self._samples) - count :]
        return Columns(self._until, {name: [sample[name] for sample in samples] for name in NAMES})

    def sample(self, now: float, *, chain_slot_lag: int | None = None) -> None:
        """End the step of ``now``, in Unix seconds. Steps that were missed have no figures; the first call begins."""
        before, counts = self._before, self._count()
        until = int(now // STEP) * STEP
        passed = (until - self._until) // STEP
        if before is None or passed < 0:  # the clock was set back: what was before has no place any more
            self._samples.clear()
        elif passed == 0:
            return  # the clock stood still, or went back a little
        else:
            self._samples.extend([_NOTHING] * min(passed - 1, STEPS))
            self._samples.append(self._figures(before, counts, chain_slot_lag))
        self._before, self._until = counts, until

    def _count(self) -> _Counts:
        services = self._services
        traffic = services.traffic
        return _Counts(
            at=trio.current_time(),
            rates={name: getattr(traffic, name) for name in RATES},
            latencies={name: tuple(getattr(traffic, name).counts) for name in LATENCIES},
            batches=services.journal.stats.batches,
            restarts=sum(stats.restarted for stats in services.system.statistics.by_kind.values()),
        )

    def _figures(self, before: _Counts, counts: _Counts, chain_slot_lag: int | None) -> Sample:
        services = self._services
        seconds = max(counts.at - before.at, 0.001)
        journal = services.journal.stats
        found: dict[str, float | None] = {
            name: round((counts.rates[name] - before.rates[name]) / seconds, 3) for name in RATES
        }
        for name in LATENCIES:
            histogram: Histogram = getattr(services.traffic, name)
            step = [
                now - then for now, then in zip(counts.latencies[name], before.latencies[name], strict=True)
            ]
            found[f"{name}_p50"] = quantile(histogram.bounds, step, 0.5)
            found[f"{name}_p99"] = quantile(histogram.bounds, step, 0.99)
        return found | {
            "connections": services.traffic.connections,
            "journal_queued": journal.queued,
            "journal_commit_seconds": round(journal.last_commit_seconds, 6)
            if counts.batches > before.batches
            else None,
            "loop_lag_seconds": round(services.loop_watch.lag, 6),
            "actor_restarts": counts.restarts - before.restarts,
            "chain_slot_lag": chain_slot_lag,
        }

    async def _slot_lag(self) -> int | None:
        """How many slots what we go by is behind what the node has processed; None: it does not say."""
        client = self._services.client
        try:
            with trio.fail_after(SLOT_TIMEOUT):
                ours = await client.slot()
                return max(0, await client.slot(Commitment.PROCESSED) - ours)
        except (ChainUnavailable, trio.TooSlowError):
            return None


def quantile(bounds: Sequence[float], counts: Sequence[int], part: float) -> float | None:
    """Below what so large a part of the durations is, between the bounds of its bucket; None if there are none.

    ``counts`` has one bucket more than there are ``bounds``: of what is in there no more is known than the last bound.
    """
    sums = list(accumulate(counts))
    if not sums[-1]:
        return None
    wanted = part * sums[-1]
    bucket = bisect_left(sums, wanted)
    if bucket == len(bounds):
        return bounds[-1]
    lower = bounds[bucket - 1] if bucket else 0.0
    below = sums[bucket - 1] if bucket else 0
    return round(lower + (bounds[bucket] - lower) * (wanted - below) / counts[bucket], 6)
