"""What a demo round must have moved, and what it did move as the chain tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey
from solders.signature import Signature

SIGNATURE_FEE = 5_000
"""Lamports that the network takes for each signature, https://solana.com/docs/core/fees."""


@dataclass(frozen=True, slots=True)
class Line:
    """One wallet or account in the table; lamports."""

    name: str
    address: str
    before: int
    after: int
    expected: int

    @property
    def change(self) -> int:
        return self.after - self.before

    @property
    def right(self) -> bool:
        return self.change == self.expected


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of a round: what each paid message cost, all of them judged, the last one solving."""

    prices: Sequence[int]
    initial_pot: int
    pot_bps: int
    creator_bps: int

    def expected(self) -> Mapping[str, int]:
        """How every balance has to change. The split rounds pot and creator down, the platform has the rest."""
        pot = sum(price * self.pot_bps // 10_000 for price in self.prices)
        creator = sum(price * self.creator_bps // 10_000 for price in self.prices)
        paid = sum(self.prices)
        return {
            # paid the pot and a creation with two signatures; the rent came back
            "creator": creator - self.initial_pot - 2 * SIGNATURE_FEE,
            # every payment has two signatures
            "player": self.initial_pot + pot - paid - 2 * SIGNATURE_FEE * len(self.prices),
            "bot": 0,
            "platform": paid - pot - creator,
            # settled and closed, with one signature each
            "payout key": -2 * SIGNATURE_FEE,
        }


@dataclass(frozen=True, slots=True)
class Movement:
    """One transaction: how each account in it changed."""

    signature: Signature
    changes: Mapping[Pubkey, int]


def total_changes(movements: Sequence[Movement]) -> dict[Pubkey, int]:
    """What a bot's transactions moved, by account, added up."""
    totals: dict[Pubkey, int] = {}
    for movement in movements:
        for address, change in movement.changes.items():
            totals[address] = totals.get(address, 0) + change
    return totals
