"""What is found while a bot's history is compared with its rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from arena.audit.differences import Difference, Kind
from arena.audit.ledger import Ledger
from arena.store.money import MoneyRows


@dataclass(slots=True)
class Findings:
    """Both sides, and what was found so far.

    ``known``: the number of the last event that the rows must know of, at least as being under way.
    """

    ledger: Ledger
    rows: MoneyRows
    known: int
    differences: list[Difference] = field(default_factory=list)
    in_flight: Counter[str] = field(default_factory=Counter)

    def taken_in(self, event_seq: int) -> bool:
        """Whether the bot's row has come to this event."""
        return event_seq <= self.rows.bot.event_seq

    def differs(self, kind: Kind, about: str, expected: object, found: object) -> None:
        """Note a difference, if it is one."""
        if expected != found:
            self.wrong(kind, about, expected, found)

    def wrong(self, kind: Kind, about: str, expected: object, found: object) -> None:
        """Note what is wrong whatever it is compared with."""
        self.differences.append(Difference.of(kind, about, expected, found))
