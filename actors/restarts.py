"""Counts restarts and says how long to wait before the next."""

from __future__ import annotations

from random import Random

from actors.specs import Intensity


class RestartBudget:
    """The restarts of one supervisor's children within its window of time."""

    __slots__ = ("_intensity", "_random", "_restarts")

    def __init__(self, intensity: Intensity, random: Random) -> None:
        self._intensity = intensity
        self._random = random
        # A list, as most stay empty: there is a budget for each virtual actor, and an empty deque is ten times as big.
        self._restarts: list[tuple[float, str]] = []

    def spend(self, name: str, now: float) -> float | None:
        """Seconds to wait before restarting ``name``; None when that would be one restart too many."""
        limits, restarts = self._intensity, self._restarts
        while restarts and restarts[0][0] <= now - limits.within:
            del restarts[0]
        if len(restarts) >= limits.max_restarts:
            return None
        restarts.append((now, name))
        earlier = sum(child == name for _, child in restarts) - 1
        # The exponent is limited so that no float overflows, however many restarts are allowed.
        delay = min(limits.backoff_initial * 2.0 ** min(earlier, 64), limits.backoff_max)
        return delay * (1 - limits.jitter * self._random.random())
