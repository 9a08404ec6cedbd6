"""Who paid how much in, and got how much out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Totals:
    """What moved between one wallet and bots; lamports, without the network's fees."""

    paid_in: int = 0
    paid_out: int = 0

    @property
    def net(self) -> int:
        """What the wallet has more than before."""
        return self.paid_out - self.paid_in

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.paid_in + other.paid_in, self.paid_out + other.paid_out)


def add_up(parts: Iterable[Mapping[str, Totals]]) -> dict[str, Totals]:
    """Totals of several bots, by wallet."""
    totals: dict[str, Totals] = {}
    for part in parts:
        for wallet, moved in part.items():
            totals[wallet] = totals.get(wallet, Totals()) + moved
    return totals
