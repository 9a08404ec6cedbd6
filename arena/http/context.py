"""What the handlers work with: kept on the app, found from anywhere inside a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import trio
from quart import Quart, current_app

from arena.chain.balances import Balances
from arena.edge.authentication import Authenticator
from arena.edge.rate_limits import RateLimits
from arena.game.services import Services
from arena.http.faucet_limits import FaucetLimits
from arena.http.reads import Reads

_KEY = "arena"
MAX_WAITS: Final = 1_000
"""Requests that may wait for verdicts at a time."""


@dataclass(frozen=True, slots=True)
class Front:
    services: Services
    authenticator: Authenticator
    faucet_limits: FaucetLimits
    limits: RateLimits
    balances: Balances
    reads: Reads = field(default_factory=Reads)
    waits: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(MAX_WAITS))


def set_front(app: Quart, front: Front) -> None:
    app.extensions[_KEY] = front


def front() -> Front:
    """That of the app which handles the current request."""
    found = current_app.extensions[_KEY]
    assert isinstance(found, Front)
    return found
