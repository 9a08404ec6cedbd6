"""A bot's life told again: what each event must say by the terms on chain and by `arena.economy`.

No I/O. The program sees to most of this by itself; who checks trusts neither it nor the node. After a difference the
telling goes on from what the event says, so that one wrong figure is one difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from solders.pubkey import Pubkey

from arena.audit.closing import check_closing
from arena.audit.differences import Kind
from arena.audit.ledger import Ledger
from arena.chain.events import (
    BotClosed,
    BotCreated,
    KeysRotated,
    MessageFeeRecorded,
    MessageFeeRefunded,
    ProgramEvent,
    RewardSettled,
)
from arena.chain.pda import bot_address
from arena.chain.tracked_bot import ChainEvent
from arena.economy import Books, FeeSchedule, Shares, Split, reward

MAX_GAPS_TOLD = 5
MAX_TAKEN_BACK = 1_000
"""Messages that a fork may have taken back between a quote and its payment: those of the last slots are few."""


def replay(program_id: Pubkey, address: Pubkey, history: Sequence[ChainEvent]) -> Ledger:
    """The life of the bot at `address` by its whole history, in any order.

    The ledger's `differences` say what is wrong.
    """
    ledger = Ledger(address)
    for seen in _in_order(ledger, history):
        ledger.events[seen.event.event_seq] = seen.event
        ledger.signatures[seen.event.event_seq] = seen.signature
    _check_numbers(ledger)
    teller = _Teller(ledger, program_id)
    for seq in ledger.events:
        try:
            teller.tell(ledger.events[seq])
        except ValueError as error:  # of amounts that cannot be
            ledger.wrong(Kind.BOOKS, f"event {seq}", "amounts that exist", error)
    return ledger


def _in_order(ledger: Ledger, history: Sequence[ChainEvent]) -> Iterator[ChainEvent]:
    ordered = sorted(history, key=lambda seen: (seen.event.event_seq, seen.slot))
    for seq, found in groupby(ordered, key=lambda seen: seen.event.event_seq):
        first, *others = found
        for other in others:
            ledger.differs(
                Kind.HISTORY, f"event {seq}", f"only in {first.signature}", f"in {other.signature}"
            )
        yield first


def _check_numbers(ledger: Ledger) -> None:
    missing = [seq for seq in range(1, ledger.event_seq + 1) if seq not in ledger.events]
    for seq in missing[:MAX_GAPS_TOLD]:
        ledger.wrong(Kind.HISTORY, f"event {seq}", "on the chain", "missing")
    if len(missing) > MAX_GAPS_TOLD:
        ledger.wrong(
            Kind.HISTORY, "further events", "on the chain", f"{len(missing) - MAX_GAPS_TOLD} missing"
        )


class _Teller:
    """Takes a ledger from event to event."""

    def __init__(self, ledger: Ledger, program_id: Pubkey) -> None:
        self._ledger = ledger
        self._program_id = program_id
        self._split = Split(0, 0)
        self._schedule: FeeSchedule | None = None
        self._prices: set[int] = set()
        self._last_recorded_at = 0
        self._message_ids: dict[object, int] = {}

    def tell(self, event: ProgramEvent) -> None:
        ledger, about = self._ledger, f"event {event.event_seq}"
        if ledger.closed is not None:
            ledger.wrong(Kind.HISTORY, about, "nothing after the closing", type(event).__name__)
        if isinstance(event, BotCreated):
            self._create(event, about)
            return
        created = ledger.created
        if created is None:
            if event.event_seq == min(ledger.events):
                ledger.wrong(Kind.HISTORY, about, "BotCreated first", type(event).__name__)
            return
        ledger.differs(Kind.ADDRESS, about, _identity(created), _identity(event))
        match event:
            case MessageFeeRecorded():
                self._record(created, event, f"message {event.message_index}")
            case RewardSettled():
                self._settle(created, event, about)
            case MessageFeeRefunded():
                self._refund(event, f"message {event.message_index}")
            case BotClosed():
                check_closing(ledger, created, event)
                ledger.closed = event
                ledger.books = Books(0)
            case KeysRotated():
                ledger.quote_key, ledger.payout_key = event.quote_key, event.payout_key
        self._check_head(event, about)

    def _check_head(self, event: ProgramEvent, about: str) -> None:
        """What an event says of the bot after it."""
        ledger = self._ledger
        ledger.differs(Kind.BOOKS, f"{about}, pot", ledger.books.pot, event.pot)
        ledger.differs(
            Kind.MESSAGE_ORDER, f"{about}, message count", ledger.message_count, event.message_count
        )
        ledger.books = replace(ledger.books, pot=event.pot)

    def _create(self, event: BotCreated, about: str) -> None:
        ledger = self._ledger
        if ledger.created is not None or event.event_seq != 1:
            ledger.wrong(Kind.HISTORY, about, "one creation, as event 1", "another creation")
            return
        ledger.created = event
        ledger.quote_key, ledger.payout_key = event.quote_key, event.payout_key
        ledger.books = Books(event.initial_pot)
        ledger.moved(event.creator, paid_in=event.initial_pot + event.rent_reserve)
        address = bot_address(self._program_id, event.founding_key, event.bot_id)
        ledger.differs(Kind.ADDRESS, about, address, ledger.address)
        ledger.differs(Kind.ADDRESS, f"{about}, bot", ledger.address, event.bot)
        ledger.differs(Kind.ADDRESS, f"{about}, founding key", event.quote_key, event.founding_key)
        try:
            self._split = Split(event.pot_bps, event.creator_bps)
            self._schedule = FeeSchedule(event.fee_base, event.fee_growth_bps, event.fee_cap)
        except ValueError as error:
            ledger.wrong(Kind.TERMS, about, "terms that the program takes", error)
        self._check_head(event, about)

    def _record(self, created: BotCreated, event: MessageFeeRecorded, about: str) -> None:
        ledger = self._ledger
        index, amount = event.message_index, event.amount
        ledger.differs(Kind.MESSAGE_ORDER, f"{about}, index", ledger.message_count + 1, index)
        earlier = self._message_ids.setdefault(event.message_id, index)
        if earlier != index:
            ledger.wrong(Kind.MESSAGE_ORDER, f"{about}, id", "paid once", f"paid as message {earlier}, too")
        if ledger.settled is not None:
            ledger.wrong(Kind.MESSAGE_ORDER, about, "no fee after the reward", event.event_seq)
        if not self._last_recorded_at <= event.recorded_at < created.closes_at:
            expected = f"from {self._last_recorded_at} on, before {created.closes_at}"
            ledger.wrong(Kind.MESSAGE_ORDER, f"{about}, time", expected, event.recorded_at)
        self._last_recorded_at = event.recorded_at
        self._check_price(index, amount, about)
        shares = Shares(event.pot_share, event.creator_share, event.platform_share)
        ledger.differs(Kind.SPLIT, about, self._split.divide(amount), shares)
        books = ledger.books
        ledger.books = Books(
            books.pot + shares.pot,
            books.creator_due + shares.creator,
            books.platform_due + shares.platform,
            books.unclaimed,
        )
        ledger.fees[index] = event
        ledger.message_count = index
        ledger.moved(event.player, paid_in=amount)

    def _check_price(self, index: int, amount: int, about: str) -> None:
        """A quote keeps its price for a while: until others have come before it, or a fork has taken some back."""
        if self._schedule is None:
            return
        current = self._schedule.price(index - 1)
        self._prices.add(current)
        if amount == current:
            return
        if amount in self._prices or _is_price_ahead(self._schedule, index, amount):
            self._ledger.quoted += 1
        else:
            self._ledger.wrong(Kind.PRICE, about, f"{current}, or another price of the terms", amount)

    def _settle(self, created: BotCreated, event: RewardSettled, about: str) -> None:
        ledger = self._ledger
        if ledger.settled is not None:
            ledger.wrong(Kind.REWARD, about, "one reward", "another one")
        won = ledger.fees.get(event.message_index)
        if won is None:
            ledger.wrong(Kind.REWARD, about, "a message that was paid", event.message_index)
        else:
            ledger.differs(Kind.REWARD, f"{about}, winner", won.player, event.winner)
        if event.message_index in ledger.refunds:
            ledger.wrong(
                Kind.REWARD, about, "a message that was kept", f"message {event.message_index}, refunded"
            )
        shares = [
            fee.pot_share
            for index, fee in ledger.fees.items()
            if index <= event.message_index and index not in ledger.refunds
        ]
        ledger.differs(Kind.REWARD, f"{about}, lamports", reward(created.initial_pot, shares), event.reward)
        ledger.settled = ledger.settled or event
        ledger.refund_cursor = max(ledger.refund_cursor, event.message_index)
        ledger.books = replace(ledger.books, pot=max(0, ledger.books.pot - event.reward))
        ledger.moved(event.winner, paid_out=event.reward)

    def _refund(self, event: MessageFeeRefunded, about: str) -> None:
        ledger = self._ledger
        if event.message_index <= ledger.refund_cursor:
            expected = f"refunds in order, after message {ledger.refund_cursor}"
            ledger.wrong(Kind.REFUND, about, expected, f"event {event.event_seq}")
        paid = ledger.fees.get(event.message_index)
        if paid is None:
            ledger.wrong(Kind.REFUND, about, "a fee that was paid", "none")
        else:
            ledger.differs(Kind.REFUND, f"{about}, player", paid.player, event.player)
            ledger.differs(Kind.REFUND, f"{about}, lamports", paid.amount, event.amount)
        shares = Shares(event.pot_share, event.creator_share, event.platform_share)
        ledger.differs(Kind.SPLIT, f"{about}, refund", self._split.divide(event.amount), shares)
        books = ledger.books
        ledger.books = Books(
            max(0, books.pot - shares.pot),
            max(0, books.creator_due - shares.creator),
            max(0, books.platform_due - shares.platform),
            books.unclaimed + (0 if event.delivered else event.amount),
        )
        ledger.refunds[event.message_index] = event
        ledger.refund_cursor = max(ledger.refund_cursor, event.message_index)
        ledger.moved(event.player, paid_out=event.amount if event.delivered else 0)


def _identity(event: ProgramEvent) -> tuple[str, str, str]:
    return str(event.bot), str(event.founding_key), str(event.bot_id)


def _is_price_ahead(schedule: FeeSchedule, index: int, amount: int) -> bool:
    """Whether it is the price of a place after that of message `index`, and not too far."""
    for count in range(index, index + MAX_TAKEN_BACK):
        price = schedule.price(count)
        if price >= amount or price == schedule.cap:
            return price == amount
    return False
