"""What it changes when the chain takes events back: the bot is as it was before them, and its messages land again.

No money has moved on what is undone: rewards, refunds and dues are paid on finalized events alone. What brains said is
kept and said again, so that a message that lands a second time is not judged a second time.
"""

from __future__ import annotations

from collections.abc import Sequence

from arena.game.bot_changes import BotChanges
from arena.game.frames import PaymentFrame, RollbackFrame
from arena.store import chain_events, messages, sessions, solutions, transactions
from arena.store.bots import Bot, BotStatus
from arena.store.chain_events import SeenEvent
from arena.store.messages import Message
from arena.store.solutions import Solution


def undo(
    changes: BotChanges,
    bot: Bot,
    *,
    last: SeenEvent | None,
    undone: Sequence[Message],
    solution: Solution | None,
) -> None:
    """Collect what it changes that every event after `last` was taken back.

    Args:
        last: the event that stays; None: not even the bot's creation does.
        undone: the messages whose fees were taken back.
        solution: how the bot has ended, if it has.
    """
    event_seq = last.event_seq if last is not None else 0
    message_count = last.message_count if last is not None else 0
    unsolved = (
        solution is not None and solution.message_index is not None and solution.message_index > message_count
    )
    changes.write(
        messages.refunds_taken_back(bot.id, event_seq + 1),
        messages.payments_taken_back(bot.id, message_count),
        transactions.taken_back(bot.id, event_seq + 1),
        chain_events.taken_back(bot.id, event_seq + 1),
    )
    if unsolved:
        changes.write(solutions.taken_back(bot.id))
    if changes.status is BotStatus.CLOSED:
        changes.write(sessions.reopen_all(bot.id))
    changes.rewind(
        status=_status(changes.status, last, None if unsolved else solution),
        pot=last.pot if last is not None else bot.initial_pot,
        message_count=message_count,
        next_price=bot.fees.price(message_count),
        event_seq=event_seq,
        judged_count=min(changes.mirror.judged_count, message_count),
    )
    if unsolved:
        changes.set(ended_at=None)
    for message in undone:
        assert message.fee_signature is not None
        changes.emit(
            PaymentFrame,
            session_id=message.session_id,
            id=message.client_id,
            status="taken_back",
            signature=message.fee_signature,
        )
    changes.emit(
        RollbackFrame,
        pot=changes.mirror.pot,
        message_count=message_count,
        next_price=bot.fees.price(message_count),
    )


def _status(now: BotStatus, last: SeenEvent | None, solution: Solution | None) -> BotStatus:
    """What the bot is with the books of `last`."""
    if now is BotStatus.HALTED:
        return now  # operators decide
    if last is None:
        return BotStatus.OPENING
    if solution is None:
        return BotStatus.OPEN
    return BotStatus.SOLVED if solution.message_index is not None else BotStatus.EXPIRED
