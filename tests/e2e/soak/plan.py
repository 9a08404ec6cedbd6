"""What is broken when: drawn before the start from a seed, so that a run can be told again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

QUIET_START = 4.0
"""Seconds in which the first bots open and the first messages are paid."""
QUIET_END = 3.0


class Fault(StrEnum):
    """What an arena has to live with."""

    KILL_SERVER = "kill -9 server"
    KILL_POSTGRES = "kill -9 postgres"
    KILL_CHAIN = "kill -9 chain"
    KILL_ALL = "kill -9 all three"
    RESTART = "SIGTERM and start"
    FORK = "fork"
    RATE_LIMITED = "rate limited"
    SILENT = "node silent"
    NONSENSE = "node answers nonsense"
    LAGGING = "node lags"
    CUT = "connections cut"
    FROZEN = "network frozen"


WEIGHTS: Mapping[Fault, int] = {
    Fault.KILL_SERVER: 3,
    Fault.KILL_POSTGRES: 3,
    Fault.KILL_CHAIN: 3,
    Fault.KILL_ALL: 2,
    Fault.RESTART: 2,
    Fault.FORK: 4,
    Fault.RATE_LIMITED: 2,
    Fault.SILENT: 2,
    Fault.NONSENSE: 2,
    Fault.LAGGING: 2,
    Fault.CUT: 3,
    Fault.FROZEN: 1,
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault: when (seconds after the beginning), which, for how long if it lasts, and how bad it is."""

    at: float
    fault: Fault
    seconds: float = 0.0
    options: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        told = [f"{self.seconds:.1f} s"] if self.seconds else []
        told += [f"{name} {value}" for name, value in self.options.items()]
        return str(self.fault) + (f" ({', '.join(told)})" if told else "")


def plan(seed: int, seconds: float, *, gap: float) -> list[Planned]:
    """The faults of a run that lasts `seconds`; about `gap` seconds lie between one and the next.

    First comes each kind once, shuffled, so that long runs have everything; then they come by their weights.
    """
    draw = random.Random(f"faults {seed}")
    first = list(Fault)
    draw.shuffle(first)
    planned: list[Planned] = []
    at = QUIET_START
    while at < seconds - QUIET_END:
        fault = first.pop() if first else draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        planned.append(_one(draw, round(at, 1), fault))
        at += draw.uniform(0.4, 1.6) * gap
    return planned


def _one(draw: random.Random, at: float, fault: Fault) -> Planned:
    match fault:
        case Fault.FORK:
            return Planned(at, fault, options={"slots": draw.randint(2, 8)})
        case Fault.RATE_LIMITED:
            return Planned(at, fault, round(draw.uniform(1, 5), 1), {"retryAfter": draw.randint(1, 2)})
        case Fault.LAGGING:
            return Planned(at, fault, round(draw.uniform(2, 6), 1), {"slots": draw.randint(5, 40)})
        case Fault.SILENT | Fault.NONSENSE | Fault.FROZEN:
            return Planned(at, fault, round(draw.uniform(1, 5), 1))
        case Fault.KILL_SERVER | Fault.KILL_ALL:
            return Planned(at, fault, round(draw.uniform(0, 2), 1))
        case _:
            return Planned(at, fault)
