"""What a bot's events come to: filled event by event by `arena.audit.replay`, afterwards only read."""

from __future__ import annotations

from dataclasses import dataclass, field

from solders.pubkey import Pubkey

from arena.audit.differences import Difference, Kind
from arena.audit.wallets import Totals
from arena.chain.events import (
    BotClosed,
    BotCreated,
    MessageFeeRecorded,
    MessageFeeRefunded,
    ProgramEvent,
    RewardSettled,
)
from arena.economy import Books


@dataclass(slots=True)
class Ledger:
    """One bot's life.

    Attributes:
        events: by their number, one each, in order.
        signatures: of their transactions, by the same number.
        fees, refunds: by the message's index.
        message_count: paid messages; the index of the last one.
        refund_cursor: the index up to which nothing can be refunded any more.
        quote_key, payout_key: since the last rotation.
        books: after the last event.
        wallets: totals, by address.
        quoted: messages that were paid at another price than that of their place, which a quote keeps for a while.
    """

    address: Pubkey
    events: dict[int, ProgramEvent] = field(default_factory=dict)
    signatures: dict[int, str] = field(default_factory=dict)
    created: BotCreated | None = None
    fees: dict[int, MessageFeeRecorded] = field(default_factory=dict)
    refunds: dict[int, MessageFeeRefunded] = field(default_factory=dict)
    message_count: int = 0
    refund_cursor: int = 0
    settled: RewardSettled | None = None
    closed: BotClosed | None = None
    quote_key: Pubkey | None = None
    payout_key: Pubkey | None = None
    books: Books = field(default_factory=lambda: Books(0))
    wallets: dict[str, Totals] = field(default_factory=dict)
    quoted: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def event_seq(self) -> int:
        """The number of the last event; 0 when there is none."""
        return next(reversed(self.events), 0)

    @property
    def kept_count(self) -> int:
        """Messages whose fee was not paid back."""
        return len(self.fees) - len(self.refunds)

    @property
    def last_player(self) -> Pubkey | None:
        last = self.fees.get(self.message_count)
        return last.player if last else None

    def signature_of(self, event: ProgramEvent) -> str:
        return self.signatures[event.event_seq]

    def differs(self, kind: Kind, about: str, expected: object, found: object) -> None:
        """Note a difference, if it is one."""
        if expected != found:
            self.differences.append(Difference.of(kind, about, expected, found))

    def wrong(self, kind: Kind, about: str, expected: str, found: object) -> None:
        """Note what is wrong whatever it is compared with."""
        self.differences.append(Difference.of(kind, about, expected, found))

    def moved(self, wallet: Pubkey, *, paid_in: int = 0, paid_out: int = 0) -> None:
        if paid_in or paid_out:
            before = self.wallets.get(str(wallet), Totals())
            self.wallets[str(wallet)] = before + Totals(paid_in, paid_out)
