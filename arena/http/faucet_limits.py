"""How much a wallet gets from the faucet of the local chain."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

LIMIT = 100_000_000_000
"""Lamports for one wallet in one window."""
WINDOW = 3600.0
"""Seconds."""
MAX_WALLETS = 10_000


class FaucetLimits:
    """What each wallet got in its current window. In memory: the money is worth nothing.

    Of more than `MAX_WALLETS` wallets the one whose window began first is forgotten.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, wallet: str, lamports: int) -> float | None:
        """Count the lamports and return None; or, if that were too much, the seconds to wait, and count
        nothing.
        """
        now = self._clock()
        began, given = self._windows.get(wallet, (now, 0))
        if now - began >= WINDOW:
            began, given = now, 0
        if given + lamports > LIMIT:
            return began + WINDOW - now
        if began == now:
            self._windows.pop(wallet, None)
        self._windows[wallet] = (began, given + lamports)
        while len(self._windows) > MAX_WALLETS:
            self._windows.popitem(last=False)
        return None

    def give_back(self, wallet: str, lamports: int) -> None:
        """Nothing was sent after all."""
        if wallet in self._windows:
            began, given = self._windows[wallet]
            self._windows[wallet] = (began, max(0, given - lamports))
