"""What a program event means for a bot: pure bookkeeping into `BotChanges`.

Events come one at a time in the order of `event_seq`, each with the books that resulted, so that nothing is added up
here. What is left to do after the commit is the return value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from arena.brains import Verdict
from arena.chain.events import (
    BotClosed,
    BotCreated,
    KeysRotated,
    MessageFeeRecorded,
    MessageFeeRefunded,
    ProgramEvent,
    RewardSettled,
)
from arena.chain.feed import ChainEvent
from arena.game.bot_changes import BotChanges
from arena.game.frames import PaymentFrame, PotFrame, RefundFrame, Reveal, SettlementFrame
from arena.game.thinking import Unjudged
from arena.store import chain_events, messages, sessions, solutions, transactions
from arena.store.bots import Bot, BotStatus
from arena.store.chain_events import Keys
from arena.store.messages import Message, MessageStatus, NewMessage
from arena.store.solutions import Solution


@dataclass(frozen=True, slots=True)
class PaidMessage:
    """A message whose fee the chain recorded. `index` is its place there, from 1.

    `earlier` is what the brain has said of it already, before the chain took the payment back once.
    """

    message: NewMessage
    index: int
    earlier: Verdict | None = None

    @staticmethod
    def of(row: Message) -> PaidMessage:
        assert row.message_index is not None
        return PaidMessage(row, row.message_index, earlier_verdict(row))


def earlier_verdict(message: NewMessage) -> Verdict | None:
    """What the brain has said of a message that was paid before, if it has."""
    if not isinstance(message, Message) or message.earlier_solved is None:
        return None
    return Verdict(message.earlier_solved, message.earlier_reply or "")


@dataclass(frozen=True, slots=True)
class Paid:
    """A message is paid. None: it waits for its verdict; otherwise that is written together with the payment."""

    paid: PaidMessage
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class PaidTooLate:
    """A message is paid after the bot's end; its fee goes back."""

    paid: PaidMessage


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fee, a refund or a reward that no row knows, or one too many: lost data or a stolen key.

    Nothing of it counts; the bot halts.
    """


@dataclass(frozen=True, slots=True)
class Moved:
    """Money moved out: the settlement may take its next step."""


Fact = Paid | PaidTooLate | Unknown | Moved | None

JudgeAtOnce = Callable[[PaidMessage], Verdict | None]
"""What the brain says of a paid message without thinking; None: it has to think."""


def apply(
    changes: BotChanges,
    bot: Bot,
    seen: ChainEvent,
    *,
    paying: Mapping[str, NewMessage],
    reveal: Callable[[], Reveal],
    judge: JudgeAtOnce = lambda _: None,
    refunding: Message | None = None,
    solution: Solution | None = None,
) -> Fact:
    """Collect what `seen` changes about `bot`.

    Args:
        paying: messages whose fee is under way, by the signature of its transaction.
        reveal: what the bot has committed to, for an event that ends it.
        judge: asked about a message that is paid in time.
        refunding: the message that a refund is about, if there is one.
        solution: how the bot has ended, if it has.
    """
    event = seen.event
    if not follows(changes, seen):
        return Unknown()
    take_in(changes, bot, seen)
    match event:
        case BotCreated():
            changes.write(transactions.landed(seen.signature, slot=seen.slot))
            changes.set(status=BotStatus.OPEN, opened_at=datetime.now(UTC))
            _emit_pot(changes)
            return None
        case MessageFeeRecorded():
            return _fee(changes, seen, event, paying, judge)
        case RewardSettled():
            if not _is_owed(event, solution):
                return Unknown()
            changes.emit(
                SettlementFrame,
                status="paid",
                winner=str(event.winner),
                message_index=event.message_index,
                reward=event.reward,
                signature=seen.signature,
                reveal=reveal(),
            )
            return Moved()
        case MessageFeeRefunded():
            if not _is_due(event, refunding):
                return Unknown()
            changes.write(
                messages.refunded(bot.id, message_index=event.message_index, signature=seen.signature)
            )
            changes.emit(
                RefundFrame,
                message_index=event.message_index,
                amount=event.amount,
                status="paid" if event.delivered else "unclaimed",
                signature=seen.signature,
            )
            return Moved()
        case BotClosed():
            revealed = reveal()
            if solution is None:  # by a stranger, or by an arena whose rows were lost
                unsolved(changes, bot, revealed)
            changes.set(status=BotStatus.CLOSED)
            changes.write(sessions.close_all(bot.id))
            changes.emit(SettlementFrame, status="closed", signature=seen.signature, reveal=revealed)
            return Moved()
        case KeysRotated():
            return None


def follows(changes: BotChanges, seen: ChainEvent) -> bool:
    """Whether the chain has counted as many messages as we: otherwise a fee is missing, or is of another branch."""
    return seen.event.message_count == changes.mirror.message_count + isinstance(
        seen.event, MessageFeeRecorded
    )


def unsolved(changes: BotChanges, bot: Bot, reveal: Reveal) -> None:
    """The bot is over, and nobody has solved it."""
    changes.set(status=BotStatus.EXPIRED, ended_at=datetime.now(UTC))
    changes.write(
        solutions.ended(
            solutions.NewSolution(bot_id=bot.id, proof=bytes.fromhex(reveal.salt), revealed=reveal.secret)
        )
    )
    changes.emit(SettlementFrame, status="expired")


def take_in(changes: BotChanges, bot: Bot, seen: ChainEvent) -> None:
    """The books after the event, and that it was seen."""
    event = seen.event
    changes.set(
        pot=event.pot,
        message_count=event.message_count,
        next_price=bot.fees.price(event.message_count),
        event_seq=event.event_seq,
    )
    changes.write(
        chain_events.seen(
            chain_events.SeenEvent(
                bot_id=bot.id,
                event_seq=event.event_seq,
                kind=type(event).__name__,
                signature=seen.signature,
                slot=seen.slot,
                pot=event.pot,
                message_count=event.message_count,
                keys=keys_of(event),
            )
        )
    )


def keys_of(event: ProgramEvent) -> Keys | None:
    """The keys that the bot answers to from this event on, if it says so."""
    match event:
        case BotCreated() | KeysRotated():
            return Keys(str(event.quote_key), str(event.payout_key))
        case _:
            return None


def refund(changes: BotChanges, paid: PaidMessage, *, reason: Literal["late"] | Unjudged) -> None:
    """A paid message will not get a verdict: its fee is due to go back."""
    message = paid.message
    changes.write(messages.refunding(message.id, reason=reason))
    changes.emit(
        RefundFrame,
        session_id=message.session_id,
        id=message.client_id,
        message_index=paid.index,
        amount=message.amount,
        status="due",
        reason=reason,
    )


def _fee(
    changes: BotChanges,
    seen: ChainEvent,
    event: MessageFeeRecorded,
    paying: Mapping[str, NewMessage],
    judge: JudgeAtOnce,
) -> Fact:
    message = paying.get(seen.signature)
    if (
        message is None
        or message.id != event.message_id
        or message.wallet != str(event.player)
        or message.amount != event.amount
        or message.content_hash != event.content_hash
    ):
        return Unknown()
    changes.write(transactions.landed(seen.signature, slot=seen.slot))
    return paid_for(changes, seen, event, message, judge)


def paid_for(
    changes: BotChanges,
    seen: ChainEvent,
    event: MessageFeeRecorded,
    message: NewMessage,
    judge: JudgeAtOnce = lambda _: None,
) -> Paid | PaidTooLate:
    """The chain has recorded the fee of this message."""
    paid = PaidMessage(message, event.message_index, earlier_verdict(message))
    too_late = changes.status in (BotStatus.SOLVED, BotStatus.EXPIRED)
    verdict = None if too_late else judge(paid)
    write = (
        messages.paid
        if verdict is None
        else partial(messages.paid_and_judged, reply=verdict.reply, solved=verdict.solved)
    )
    changes.write(
        write(
            message.id,
            message_index=event.message_index,
            pot_share=event.pot_share,
            fee_signature=seen.signature,
            fee_slot=seen.slot,
        ),
    )
    changes.emit(
        PaymentFrame,
        session_id=message.session_id,
        id=message.client_id,
        status="confirmed",
        signature=seen.signature,
        message_index=event.message_index,
    )
    _emit_pot(changes)
    if too_late:
        changes.set(judged_count=event.message_index)
        refund(changes, paid, reason="late")
        return PaidTooLate(paid)
    return Paid(paid, verdict)


def _is_due(event: MessageFeeRefunded, message: Message | None) -> bool:
    return (
        message is not None
        and message.status is MessageStatus.REFUNDING
        and message.wallet == str(event.player)
        and message.amount == event.amount
    )


def _is_owed(event: RewardSettled, solution: Solution | None) -> bool:
    return (
        solution is not None
        and solution.winner == str(event.winner)
        and solution.message_index == event.message_index
        and solution.reward == event.reward
    )


def halt(changes: BotChanges, seen: ChainEvent) -> None:
    """The bot does not take in the event, nor any after it, until operators have decided."""
    changes.set(status=BotStatus.HALTED)
    changes.emit(SettlementFrame, status="halted", signature=seen.signature)


def _emit_pot(changes: BotChanges) -> None:
    mirror = changes.mirror
    changes.emit(PotFrame, pot=mirror.pot, message_count=mirror.message_count, next_price=mirror.next_price)
