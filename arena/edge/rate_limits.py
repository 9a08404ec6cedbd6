"""How often somebody may ask: token buckets by address, by wallet and by session.

Each bucket belongs to one address, wallet or session, so that nobody can use up what is another's. A wallet's bucket
is only ever taken from by whoever is signed in with it; nonces, which anybody can ask for in the name of any wallet,
are counted by address and wallet together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import ceil
from time import monotonic
from typing import Final

from arena.problems import Problem
from arena.rates import Rate
from arena.settings import Settings

MAX_KEYS: Final = 100_000
"""Buckets of one scope that are remembered."""
FLOOD: Final = Rate(100, 60)
"""Frames of one connection that may be refused; a client that goes on after that does not listen."""


class Scope(StrEnum):
    """What is counted."""

    REQUESTS_ADDRESS = "requests_address"
    REQUESTS_WALLET = "requests_wallet"
    NONCES_ADDRESS = "nonces_address"
    NONCES_WALLET = "nonces_wallet"
    FRAMES_SESSION = "frames_session"
    MESSAGES_ADDRESS = "messages_address"
    MESSAGES_WALLET = "messages_wallet"


_WORDS: Final = {
    Scope.REQUESTS_ADDRESS: "Too many requests from this address.",
    Scope.REQUESTS_WALLET: "Too many requests of this wallet.",
    Scope.NONCES_ADDRESS: "Too many texts to sign in with were asked for from this address.",
    Scope.NONCES_WALLET: "Too many texts to sign in with were asked for from here for this wallet.",
    Scope.FRAMES_SESSION: "Too many frames in this session.",
    Scope.MESSAGES_ADDRESS: "Too many messages and payments from this address.",
    Scope.MESSAGES_WALLET: "Too many messages and payments of this wallet.",
}


class Buckets:
    """Token buckets of one rate, one for each key.

    Of more than `max_keys` the one used longest ago is forgotten, which fills it up: somebody with very many addresses
    can get rid of limits in this way, but not shut anybody out.
    """

    def __init__(
        self, rate: Rate, *, clock: Callable[[], float] = monotonic, max_keys: int = MAX_KEYS
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._max_keys = max_keys
        # when the bucket will be full again, which says all about it
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str) -> float | None:
        """Take a token and return None; or, if there is none, the seconds until there is one, and take nothing."""
        if not self._rate.count:
            return None
        now = self._clock()
        full_at = max(now, self._full_at.get(key, now)) + self._rate.seconds / self._rate.count
        wait = full_at - now - self._rate.seconds
        # a bucket that is forgotten is full: whoever is refused must not be the one used longest ago
        if wait > _TOLERANCE:
            self._full_at.move_to_end(key)
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._max_keys:
            self._full_at.popitem(last=False)
        return None


_TOLERANCE: Final = 1e-6
"""Seconds: what adding up may be off by."""


class RateLimits:
    """All buckets of a server, by its settings."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = monotonic) -> None:
        self._buckets = (
            {scope: Buckets(rate, clock=clock) for scope, rate in rates_of(settings).items()}
            if settings.arena_rate_limits
            else {}
        )
        self._clock = clock
        self._enabled = settings.arena_rate_limits
        self._watchers = 0
        self.refused: dict[str, int] = dict.fromkeys((*Scope, "connections_address", "connections_closed"), 0)
        """How often something was refused, by scope, since the start."""

    def check(self, scope: Scope, key: str) -> None:
        """Count one of `scope`.

        Raises:
            Problem: 429 `rate_limited`: there were too many; this one does not count.
        """
        buckets = self._buckets.get(scope)
        if buckets is None or (wait := buckets.take(key)) is None:
            return
        self.refused[scope] += 1
        raise rate_limited(scope, wait)

    def of_connection(self, *, address: str, wallet: str, session: str) -> FrameLimits:
        """What the frames of one websocket are counted by."""
        flood = Buckets(FLOOD if self._enabled else Rate(0, 1), clock=self._clock, max_keys=1)
        return FrameLimits(self, flood, address=address, wallet=wallet, session=session)

    def of_watcher(self, address: str) -> FrameLimits:
        """The same of one that only watches."""
        self._watchers += 1
        return self.of_connection(address=address, wallet="", session=f"watcher {self._watchers}")


class FrameLimits:
    """The limits for one connection's frames."""

    def __init__(
        self, limits: RateLimits, flood: Buckets, *, address: str, wallet: str, session: str
    ) -> None:
        self._limits = limits
        self._flood = flood
        self._address = address
        self._wallet = wallet
        self._session = session

    def check_frame(self) -> None:
        """Any frame. Raises `Problem` `rate_limited`."""
        self._limits.check(Scope.FRAMES_SESSION, self._session)

    def check_message(self) -> None:
        """A message or a payment, which costs the chain's node and the bot something. Raises `Problem`."""
        self._limits.check(Scope.MESSAGES_WALLET, self._wallet)
        self._limits.check(Scope.MESSAGES_ADDRESS, self._address)

    def is_flood(self) -> bool:
        """Count a frame that was refused; whether these are so many that the client had better go."""
        if self._flood.take("") is None:
            return False
        self._limits.refused["connections_closed"] += 1
        return True


def rates_of(settings: Settings) -> Mapping[Scope, Rate]:
    """The rate of each scope: that of the setting `ARENA_RATE_<SCOPE>`."""
    return {scope: getattr(settings, f"arena_rate_{scope}") for scope in Scope}


def rate_limited(scope: Scope, wait: float) -> Problem:
    return Problem(
        "rate_limited",
        "Too many at once",
        429,
        f"{_WORDS[scope]} Nothing was done.",
        {"retry_after": max(1, ceil(wait)), "scope": scope.value},
    )
