"""The books of a bot as the on-chain program keeps them, as pure functions: what an audit compares with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from arena.economy.lamports import check_amount
from arena.economy.split import Split


class ExpiryRule(StrEnum):
    """Who gets the pot of a bot that nobody solved."""

    LAST_PLAYER = "last_player"
    CREATOR = "creator"


@dataclass(frozen=True, slots=True)
class PotPayout:
    """How a pot is paid out when a bot closes; lamports."""

    creator: int
    last_player: int


@dataclass(frozen=True, slots=True)
class Books:
    """What a bot's treasury owes to whom; lamports.

    ``unclaimed`` are refunds that could not be delivered. Every operation returns new books.

    Raises:
        ValueError: an amount is negative, or more is taken out than is in.
    """

    pot: int
    creator_due: int = 0
    platform_due: int = 0
    unclaimed: int = 0

    def __post_init__(self) -> None:
        check_amount("the pot", self.pot)
        check_amount("the creator's due", self.creator_due)
        check_amount("the platform's due", self.platform_due)
        check_amount("the unclaimed refunds", self.unclaimed)

    @property
    def total(self) -> int:
        return self.pot + self.creator_due + self.platform_due + self.unclaimed

    def record(self, amount: int, split: Split) -> Books:
        """After a fee of ``amount`` came in."""
        shares = split.divide(amount)
        return replace(
            self,
            pot=self.pot + shares.pot,
            creator_due=self.creator_due + shares.creator,
            platform_due=self.platform_due + shares.platform,
        )

    def refund(self, amount: int, split: Split, *, deliverable: bool = True) -> Books:
        """After a fee of ``amount`` was given back, out of the books that it went into.

        One that is not ``deliverable`` (the wallet could not hold it) stays here as unclaimed.
        """
        shares = split.divide(amount)
        return replace(
            self,
            pot=self.pot - shares.pot,
            creator_due=self.creator_due - shares.creator,
            platform_due=self.platform_due - shares.platform,
            unclaimed=self.unclaimed + (0 if deliverable else amount),
        )

    def settle(self, reward: int) -> Books:
        """After the winner was paid."""
        check_amount("a reward", reward)
        return replace(self, pot=self.pot - reward)

    def expire(self, rule: ExpiryRule, initial_pot: int, *, was_played: bool) -> PotPayout:
        """How the pot of an unsolved bot is divided.

        ``last_player``: all of it to the last player. ``creator``: the initial pot back to the creator, what
        it grew by to the last player. A bot that ``was_played`` by nobody has no last player: all to the
        creator.
        """
        check_amount("the initial pot", initial_pot)
        if not was_played:
            return PotPayout(creator=self.pot, last_player=0)
        match rule:
            case ExpiryRule.LAST_PLAYER:
                return PotPayout(creator=0, last_player=self.pot)
            case ExpiryRule.CREATOR:
                creator = min(initial_pot, self.pot)
                return PotPayout(creator=creator, last_player=self.pot - creator)
