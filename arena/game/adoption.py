"""Taking the chain's word for what the rows have lost, once an operator has decided so.

A restored database is older than the chain. What happened meanwhile is on the chain, but for texts and replies: fees
that no row knows become messages without a text, which no brain can judge, so they are refunded, unless the chain tells
what became of them. Whatever contradicts a row is left alone, and the bot stays halted: rows that exist are not lost.

Only what is final is adopted, so that none of it is ever taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from arena.chain.events import (
    BotClosed,
    BotCreated,
    KeysRotated,
    MessageFeeRecorded,
    MessageFeeRefunded,
    RewardSettled,
)
from arena.chain.feed import ChainEvent
from arena.chain.submitter import TransactionKind
from arena.game import chain_facts, terms
from arena.game.bot_changes import BotChanges
from arena.game.chain_facts import PaidMessage
from arena.game.frames import RefundFrame, ReplyFrame, SettlementFrame
from arena.game.services import Services
from arena.store import messages, sessions, solutions, transactions, users
from arena.store.bots import Bot, BotStatus
from arena.store.messages import Message, MessageStatus, NewMessage
from arena.store.solutions import Solution
from arena.store.transactions import NewTransaction


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The chain had decided about messages that still waited here: the bot has to take up its rows anew."""


def status_of(solution: Solution | None) -> BotStatus:
    """What a halted bot is when it goes on."""
    if solution is None:
        return BotStatus.OPEN
    return BotStatus.EXPIRED if solution.message_index is None else BotStatus.SOLVED


async def adopt(
    services: Services, changes: BotChanges, bot: Bot, seen: ChainEvent, waiting: Sequence[PaidMessage]
) -> chain_facts.Fact | Overtaken:
    """Collect what an unexplained event means, taken for true.

    Args:
        waiting: the paid messages without a verdict, in the order of the chain.

    Returns:
        What is left to do; `Unknown` if a row contradicts the event.
    """
    if not chain_facts.follows(changes, seen):
        return chain_facts.Unknown()
    chain_facts.take_in(changes, bot, seen)
    match seen.event:
        case MessageFeeRecorded() as event:
            return await _fee(services, changes, bot, seen, event)
        case MessageFeeRefunded() as event:
            return await _refund(services, changes, bot, seen, event, waiting)
        case RewardSettled() as event:
            return await _reward(services, changes, bot, seen, event, waiting)
        case BotCreated() | BotClosed() | KeysRotated():
            return chain_facts.Unknown()


async def missing_transaction(services: Services, changes: BotChanges, bot: Bot, seen: ChainEvent) -> None:
    """Write down the transaction of an event if its row was lost; its bytes are on the chain."""
    if await transactions.get(services.database, seen.signature) is not None:
        return
    payer, message_id = str(services.keys.payout_pubkey), None
    match seen.event:
        case BotCreated() as event:
            kind, amount, payer = TransactionKind.CREATE, event.initial_pot, str(event.creator)
        case MessageFeeRecorded() as event:
            kind, amount, payer = TransactionKind.FEE, event.amount, str(event.player)
            message_id = event.message_id
        case RewardSettled() as event:
            kind, amount = TransactionKind.SETTLE, event.reward
        case MessageFeeRefunded() as event:
            kind, amount = TransactionKind.REFUND, event.amount
            refunded = await messages.by_index(services.database, bot.id, event.message_index)
            message_id = refunded.id if refunded is not None else None
        case BotClosed():
            kind, amount = TransactionKind.CLOSE, 0
        case KeysRotated():
            return
    changes.write(
        transactions.adopt(
            NewTransaction(
                signature=seen.signature,
                kind=kind.value,
                bot_id=bot.id,
                message_id=message_id,
                payer=payer,
                amount=amount,
                raw=b"",
                last_valid_block_height=0,
            ),
            slot=seen.slot,
        )
    )


async def _fee(
    services: Services, changes: BotChanges, bot: Bot, seen: ChainEvent, event: MessageFeeRecorded
) -> chain_facts.Fact:
    database, player = services.database, str(event.player)
    known = await messages.get(database, event.message_id)
    if known is None:
        user = await users.find_or_create(database, player)
        session = await sessions.find_or_create(database, bot.id, user.id)
        message = NewMessage(
            id=event.message_id,
            bot_id=bot.id,
            session_id=session.id,
            solver_id=user.id,
            wallet=player,
            client_id=event.message_id,
            text="",
            content_hash=event.content_hash,
            amount=event.amount,
            valid_until=datetime.fromtimestamp(event.recorded_at, UTC),
            adopted=True,
        )
        changes.write(messages.adopt(message))
    elif _was_paid_again(known, event):
        message = known
        if known.status is MessageStatus.DEAD:
            changes.write(messages.retry(known))
    else:
        return chain_facts.Unknown()
    return chain_facts.paid_for(changes, seen, event, message)


def _was_paid_again(message: Message, event: MessageFeeRecorded) -> bool:
    """Whether the payment is a later one of this message than the rows know."""
    return (
        message.status in (MessageStatus.PAYING, MessageStatus.DEAD)
        and message.wallet == str(event.player)
        and message.content_hash == event.content_hash
        and message.amount == event.amount
    )


async def _refund(
    services: Services,
    changes: BotChanges,
    bot: Bot,
    seen: ChainEvent,
    event: MessageFeeRefunded,
    waiting: Sequence[PaidMessage],
) -> chain_facts.Fact | Overtaken:
    row = await messages.by_index(services.database, bot.id, event.message_index)
    if (
        row is None
        or row.status is not MessageStatus.PAID
        or (row.wallet, row.amount) != (str(event.player), event.amount)
    ):
        return chain_facts.Unknown()
    # the program refunds in order: what came before and was not refunded had its verdict
    _lost_verdicts(changes, [paid for paid in waiting if paid.index < event.message_index])
    changes.set(judged_count=max(changes.mirror.judged_count, event.message_index))
    changes.write(
        messages.refunding(row.id, reason="unjudged"),
        messages.refunded(bot.id, message_index=event.message_index, signature=seen.signature),
    )
    changes.emit(
        RefundFrame,
        session_id=row.session_id,
        id=row.client_id,
        message_index=event.message_index,
        amount=event.amount,
        status="paid" if event.delivered else "unclaimed",
        reason="unjudged",
        signature=seen.signature,
    )
    return Overtaken()


async def _reward(
    services: Services,
    changes: BotChanges,
    bot: Bot,
    seen: ChainEvent,
    event: RewardSettled,
    waiting: Sequence[PaidMessage],
) -> chain_facts.Fact | Overtaken:
    row = await messages.by_index(services.database, bot.id, event.message_index)
    if (
        changes.status is not BotStatus.OPEN
        or row is None
        or row.status is not MessageStatus.PAID
        or row.wallet != str(event.winner)
        or event.proof != terms.open_salt(services.secretbox, bot)
    ):
        return chain_facts.Unknown()
    _lost_verdicts(changes, [paid for paid in waiting if paid.index < event.message_index])
    _lost_verdicts(changes, [PaidMessage.of(row)], solved=True)
    changes.write(
        solutions.ended(
            solutions.NewSolution(
                bot_id=bot.id,
                message_id=row.id,
                winner_id=row.solver_id,
                message_index=event.message_index,
                reward=event.reward,
                proof=event.proof,
                revealed=terms.open_secret(services.secretbox, bot),
            )
        ),
        solutions.settled(bot.id, seen.signature),
    )
    changes.set(status=BotStatus.SOLVED, ended_at=datetime.now(UTC))
    for late in waiting:
        if late.index > event.message_index:
            changes.set(judged_count=late.index)
            chain_facts.refund(changes, late, reason="late")
    changes.emit(
        SettlementFrame,
        status="paid",
        winner=row.wallet,
        message_index=event.message_index,
        reward=event.reward,
        signature=seen.signature,
        reveal=terms.reveal(services.secretbox, bot),
    )
    return Overtaken()


def _lost_verdicts(changes: BotChanges, judged: Sequence[PaidMessage], *, solved: bool = False) -> None:
    """These had their verdicts; what the bot replied is lost."""
    for paid in judged:
        message = paid.message
        changes.set(judged_count=paid.index)
        changes.write(messages.judged(message.id, reply="", solved=solved))
        changes.emit(
            ReplyFrame,
            id=message.client_id,
            message_id=message.id,
            message_index=paid.index,
            wallet=message.wallet,
            text=message.text,
            reply="",
            verdict="solved" if solved else "unsolved",
        )
