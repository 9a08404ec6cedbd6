"""Who gets what of a fee, and what a winner gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from arena.economy.lamports import BPS, check_amount, part


@dataclass(frozen=True, slots=True)
class Shares:
    """One fee, divided; lamports. The three add up to the fee."""

    pot: int
    creator: int
    platform: int

    @property
    def total(self) -> int:
        return self.pot + self.creator + self.platform


@dataclass(frozen=True, slots=True)
class Split:
    """How fees are divided: shares of pot and creator in basis points, the rest is the platform's.

    The same arithmetic as the on-chain program: pot and creator are rounded down, what rounding leaves goes
    to the platform.

    Raises:
        ValueError: a share is negative or both are more than a whole.
    """

    pot_bps: int
    creator_bps: int

    def __post_init__(self) -> None:
        if self.pot_bps < 0 or self.creator_bps < 0 or self.pot_bps + self.creator_bps > BPS:
            raise ValueError(
                f"shares must not be negative nor exceed {BPS} basis points together: "
                f"pot {self.pot_bps}, creator {self.creator_bps}"
            )

    def divide(self, amount: int) -> Shares:
        """``amount`` lamports into shares that add up to it exactly."""
        check_amount("a fee", amount)
        pot, creator = part(amount, self.pot_bps), part(amount, self.creator_bps)
        return Shares(pot=pot, creator=creator, platform=amount - pot - creator)


def reward(initial_pot: int, pot_shares: Iterable[int]) -> int:
    """What the winner gets: the initial pot and the pot shares of the messages up to the winning one.

    ``pot_shares`` are those of the messages with an index up to the winning one that were not refunded.
    """
    check_amount("the initial pot", initial_pot)
    total = initial_pot
    for share in pot_shares:
        check_amount("a pot share", share)
        total += share
    check_amount("a reward", total)
    return total
