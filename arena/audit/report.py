"""What an audit says, for programs and for people. No I/O.

The keys of the JSON are stable: they are added to, never renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from arena.audit.account import Holdings
from arena.audit.differences import Difference
from arena.audit.wallets import Totals, add_up

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BotReport:
    """One bot. ``unreadable`` says why nothing can be said of it; then all figures are zero."""

    address: str
    bot_id: str | None = None
    status: str = ""
    chain_events: int = 0
    database_events: int = 0
    messages: int = 0
    refunds: int = 0
    holdings: Holdings = field(default_factory=lambda: Holdings(0))
    wallets: Mapping[str, Totals] = field(default_factory=dict)
    in_flight: Mapping[str, int] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    unreadable: str = ""

    def as_json(self) -> dict[str, object]:
        held = self.holdings
        return {
            "address": self.address,
            "bot_id": self.bot_id,
            "status": self.status,
            "ok": not self.differences and not self.unreadable,
            "chain_events": self.chain_events,
            "database_events": self.database_events,
            "messages": self.messages,
            "refunds": self.refunds,
            "lamports": held.lamports,
            "rent": held.rent,
            "pot": held.pot,
            "creator_due": held.creator_due,
            "platform_due": held.platform_due,
            "unclaimed": held.unclaimed,
            "surplus": held.surplus,
            "in_flight": dict(self.in_flight),
            "differences": [
                {
                    "kind": difference.kind.value,
                    "about": difference.about,
                    "expected": difference.expected,
                    "found": difference.found,
                }
                for difference in self.differences
            ],
            "unreadable": self.unreadable or None,
        }


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All bots that were asked for. `slot` was final when the audit began."""

    slot: int
    bots: tuple[BotReport, ...]

    @property
    def differences(self) -> int:
        return sum(len(bot.differences) for bot in self.bots)

    @property
    def unreadable(self) -> int:
        return sum(bool(bot.unreadable) for bot in self.bots)

    @property
    def wallets(self) -> dict[str, Totals]:
        """Who paid in most comes first."""
        totals = add_up(bot.wallets for bot in self.bots)
        return dict(sorted(totals.items(), key=lambda item: (-item[1].paid_in, item[0])))

    @property
    def exit_code(self) -> int:
        """0: everything was looked at and is right; 1: something differs; 3: something could not be read."""
        if self.differences:
            return 1
        return 3 if self.unreadable else 0

    def as_json(self) -> dict[str, object]:
        return {
            "version": VERSION,
            "ok": self.exit_code == 0,
            "slot": self.slot,
            "bots": [bot.as_json() for bot in self.bots],
            "wallets": [
                {
                    "wallet": wallet,
                    "paid_in": moved.paid_in,
                    "paid_out": moved.paid_out,
                    "net": moved.net,
                }
                for wallet, moved in self.wallets.items()
            ],
            "differences": self.differences,
            "unreadable": self.unreadable,
        }
