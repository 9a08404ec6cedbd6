"""Lives of bots in the real VM, and the rows that an arena would have of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from solders.keypair import Keypair
from solders.signature import Signature

from arena.audit.ledger import Ledger
from arena.audit.replay import replay
from arena.chain.accounts import BotAccount
from arena.chain.events import (
    BotClosed,
    BotCreated,
    CloseReason,
    MessageFeeRecorded,
    MessageFeeRefunded,
    ProgramEvent,
    RewardSettled,
)
from arena.chain.tracked_bot import ChainEvent
from arena.economy import ExpiryRule, FeeSchedule, Split
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from arena.store.money import BotMoney, EventMoney, MessageMoney, MoneyRows, SolutionMoney, TransactionMoney
from arena.store.solutions import SolutionStatus
from arena.store.transactions import TransactionStatus
from tests.arena.chain.program.conftest import World, key

PROOF = bytes(range(32, 64))


class Life:
    """One bot in a VM, whose events are written down as the chain's history would have them."""

    def __init__(self, **terms: Any) -> None:
        self.world = World()
        self.terms = replace(self.world.terms, **terms)
        self.history: list[ChainEvent] = []
        self.fees = FeeSchedule(self.terms.fee_base, self.terms.fee_growth_bps, self.terms.fee_cap)
        self.split = Split(self.terms.pot_bps, self.terms.creator_bps)
        self.add(self.world.create(**terms).event)

    def add(self, event: ProgramEvent) -> None:
        number = event.event_seq
        self.history.append(ChainEvent(event, signature(number), 100 + number, self.world.time))

    @property
    def prices(self) -> list[int]:
        return self.world.paid

    def pay(self, player: Keypair, amount: int | None = None) -> int:
        """Pay for the next message; its index."""
        price = self.fees.price(len(self.prices)) if amount is None else amount
        self.add(self.world.record(player, price).event)
        return len(self.prices)

    def refund(self, player: Keypair, index: int) -> None:
        self.add(self.world.refund(player, index).event)

    def settle(self, winner: Keypair, index: int, refunded: tuple[int, ...] = ()) -> None:
        kept = [self.prices[place] for place in range(index) if place + 1 not in refunded]
        reward = self.terms.initial_pot + sum(self.split.divide(price).pot for price in kept)
        self.add(self.world.settle(winner, index, reward).event)

    def rotate(self) -> None:
        self.world.quote, self.world.payout = key("new quote"), key("new payout")
        self.add(self.world.rotate(self.world.quote.pubkey(), self.world.payout.pubkey()).event)

    def close(self, closer: Keypair | None = None) -> BotClosed:
        event = self.world.close(closer).event
        assert isinstance(event, BotClosed)
        self.add(event)
        return event

    @property
    def account(self) -> BotAccount | None:
        return self.world.state if self.world.is_open else None

    @property
    def lamports(self) -> int:
        return self.world.balance(self.world.bot)

    def ledger(self, history: list[ChainEvent] | None = None) -> Ledger:
        return replay(self.world.program_id, self.world.bot, self.history if history is None else history)


def signature(number: int) -> str:
    return str(Signature.from_bytes(number.to_bytes(8, "big") * 8))


def solved_life() -> Life:
    """Four messages: the first is refunded, the third wins, the fourth came late and is refunded; all paid out."""
    life = Life()
    alice, bob = life.world.alice, life.world.bob
    for player in (alice, bob, alice, bob):
        life.pay(player)
    life.refund(alice, 1)
    life.settle(alice, 3, refunded=(1,))
    life.refund(bob, 4)
    life.close()
    return life


def expired_life(**terms: Any) -> Life:
    """Two messages, no solution, closed when its time had come."""
    life = Life(**terms)
    life.pay(life.world.alice)
    life.pay(life.world.bob)
    life.world.set_time(life.terms.closes_at)
    life.close()
    return life


def rows_of(ledger: Ledger) -> MoneyRows:
    """The rows of an arena that has taken in all of `ledger`."""
    created = ledger.created
    assert created is not None
    return MoneyRows(
        _bot(ledger, created),
        tuple(_message(ledger, fee) for fee in ledger.fees.values()),
        tuple(_transactions(ledger)),
        _solution(ledger),
        tuple(
            EventMoney(
                event_seq=seq,
                kind=type(event).__name__,
                signature=ledger.signatures[seq],
                pot=event.pot,
                message_count=event.message_count,
                final=True,
            )
            for seq, event in ledger.events.items()
        ),
    )


def _bot(ledger: Ledger, created: BotCreated) -> BotMoney:
    last = ledger.events[ledger.event_seq]
    status = BotStatus.CLOSED if ledger.closed else BotStatus.SOLVED if ledger.settled else BotStatus.OPEN
    return BotMoney(
        id=created.bot_id,
        address=str(ledger.address),
        founding_key=str(created.founding_key),
        creator=str(created.creator),
        objective_hash=created.objective_hash,
        fee_base=created.fee_base,
        fee_growth_bps=created.fee_growth_bps,
        fee_cap=created.fee_cap,
        pot_bps=created.pot_bps,
        creator_bps=created.creator_bps,
        initial_pot=created.initial_pot,
        closes_at=datetime.fromtimestamp(created.closes_at, UTC),
        idle_after=created.idle_after,
        idle_min_messages=created.idle_min_messages,
        expiry_rule=ExpiryRule[created.expiry_rule.name],
        status=status,
        pot=last.pot,
        message_count=last.message_count,
        event_seq=ledger.event_seq,
    )


def _message(ledger: Ledger, fee: MessageFeeRecorded) -> MessageMoney:
    index, refund = fee.message_index, ledger.refunds.get(fee.message_index)
    won = ledger.settled is not None and ledger.settled.message_index == index
    return MessageMoney(
        id=fee.message_id,
        wallet=str(fee.player),
        amount=fee.amount,
        content_hash=fee.content_hash,
        text_hashed=True,
        status=MessageStatus.REFUNDED if refund else MessageStatus.JUDGED,
        message_index=index,
        pot_share=fee.pot_share,
        fee_signature=ledger.signature_of(fee),
        solved=None if refund else won,
        refund_signature=ledger.signature_of(refund) if refund else None,
    )


def _transactions(ledger: Ledger) -> list[TransactionMoney]:
    rows = []
    for event in ledger.events.values():
        match event:
            case BotCreated():
                row = _transaction(ledger, event, "create", event.initial_pot, None, str(event.creator))
            case MessageFeeRecorded():
                row = _transaction(ledger, event, "fee", event.amount, event.message_id, str(event.player))
            case RewardSettled():
                row = _transaction(ledger, event, "settle", event.reward)
            case MessageFeeRefunded():
                paid = ledger.fees[event.message_index]
                row = _transaction(ledger, event, "refund", event.amount, paid.message_id)
            case BotClosed(reason=reason) if reason is not CloseReason.ABANDONED:
                row = _transaction(ledger, event, "close", 0)
            case _:
                continue
        rows.append(row)
    return rows


def _transaction(
    ledger: Ledger,
    event: ProgramEvent,
    kind: str,
    amount: int,
    message_id: UUID | None = None,
    payer: str = "the payout key",
) -> TransactionMoney:
    return TransactionMoney(
        signature=ledger.signature_of(event),
        kind=kind,
        message_id=message_id,
        payer=payer,
        amount=amount,
        status=TransactionStatus.LANDED,
    )


def _solution(ledger: Ledger) -> SolutionMoney | None:
    won, closed = ledger.settled, ledger.closed
    if won is None and closed is None:
        return None
    ended = SolutionStatus.PAID if won else SolutionStatus.EXPIRED
    ours = closed is not None and closed.reason is not CloseReason.ABANDONED
    return SolutionMoney(
        message_id=ledger.fees[won.message_index].message_id if won else None,
        winner=str(won.winner) if won else None,
        message_index=won.message_index if won else None,
        reward=won.reward if won else 0,
        proof=won.proof if won else PROOF,
        status=SolutionStatus.CLOSED if ours else ended,
        settle_signature=ledger.signature_of(won) if won else None,
        close_signature=ledger.signature_of(closed) if closed is not None and ours else None,
    )


def rewound(rows: MoneyRows, ledger: Ledger, to: int) -> MoneyRows:
    """The same rows of a bot that has come to event `to` only; its messages and transactions stay."""
    before = ledger.events.get(to)
    assert ledger.created is not None
    bot = replace(
        rows.bot,
        event_seq=to,
        pot=before.pot if before else ledger.created.initial_pot,
        message_count=before.message_count if before else 0,
    )
    return replace(rows, bot=bot, events=tuple(row for row in rows.events if row.event_seq <= to))
