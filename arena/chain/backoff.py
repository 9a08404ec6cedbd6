"""How long to wait before trying again."""

from __future__ import annotations

import random


class Backoff:
    """Exponential waiting times with jitter.

    The n-th wait is drawn from the upper half of `initial * 2**n`, at most `maximum`, so that many clients
    that lost the same node do not come back in step.

    Args:
        initial: the longest first wait, in seconds.
        maximum: the longest wait ever, in seconds.
    """

    def __init__(self, initial: float = 0.25, maximum: float = 30.0) -> None:
        if not 0 < initial <= maximum:
            raise ValueError("a backoff needs 0 < initial <= maximum")
        self._initial = initial
        self._maximum = maximum
        self._next = initial

    def next(self, at_least: float | None = None) -> float:
        """The next wait in seconds, not shorter than `at_least` (what a server asked for, say)."""
        bound = self._next
        self._next = min(self._maximum, bound * 2)
        wait = random.uniform(bound / 2, bound)  # noqa: S311 - jitter, not a secret
        return wait if at_least is None else max(wait, at_least)

    def reset(self) -> None:
        """Start over: what was tried has worked."""
        self._next = self._initial
