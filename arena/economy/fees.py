"""What the next message costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from arena.economy.lamports import BPS, check_amount

_STRIDE: Final = 256


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The price of a bot's messages: ``base`` at first, growing by ``growth_bps`` a message up to ``cap``.

    Compounding, in integers, rounded down at every step::

        price(0)     = base
        price(n + 1) = min(cap, price(n) + price(n) * growth_bps // 10_000)

    So the price never falls, never exceeds the cap, and stays where it is once a step rounds to nothing.

    Raises:
        ValueError: not ``0 < base <= cap``, or the growth is not within 0 and 10,000 (doubling).
    """

    base: int
    growth_bps: int
    cap: int

    def __post_init__(self) -> None:
        check_amount("the base fee", self.base, minimum=1)
        check_amount("the fee cap", self.cap, minimum=1)
        if self.base > self.cap:
            raise ValueError(f"the base fee ({self.base}) is above its cap ({self.cap})")
        if not 0 <= self.growth_bps <= BPS:
            raise ValueError(
                f"the fee's growth must be between 0 and {BPS} basis points, not {self.growth_bps}"
            )

    def price(self, message_count: int) -> int:
        """Lamports for the next message after ``message_count`` recorded ones.

        Costs at most 256 steps, plus, once in a process, one step for each message never priced before.
        """
        if message_count < 0:
            raise ValueError(f"a message count is not negative: {message_count}")
        return _curve(self).price(message_count)


class _Curve:
    """The prices of one schedule, with every 256th remembered."""

    def __init__(self, schedule: FeeSchedule) -> None:
        self._schedule = schedule
        self._marks = [schedule.base]
        self._flat_from: int | None = None  # from this mark on, the price no longer changes

    def price(self, count: int) -> int:
        mark, steps = divmod(count, _STRIDE)
        while self._flat_from is None and len(self._marks) <= mark:
            price = self._walk(self._marks[-1], _STRIDE)
            if price == self._marks[-1]:
                self._flat_from = len(self._marks) - 1
            else:
                self._marks.append(price)
        if self._flat_from is not None and mark >= self._flat_from:
            return self._marks[-1]
        return self._walk(self._marks[mark], steps)

    def _walk(self, price: int, steps: int) -> int:
        growth, cap = self._schedule.growth_bps, self._schedule.cap
        for _ in range(steps):
            step = price * growth // BPS
            if step == 0 or price == cap:
                return price
            price = min(cap, price + step)
        return price


@lru_cache(maxsize=1024)
def _curve(schedule: FeeSchedule) -> _Curve:
    return _Curve(schedule)
