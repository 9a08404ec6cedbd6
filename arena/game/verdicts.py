"""What a verdict changes: the reply, or the fee's way back; and when it solves the bot, how the bot ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from arena.brains import Verdict
from arena.game import chain_facts, terms
from arena.game.bot_changes import BotChanges
from arena.game.chain_facts import PaidMessage
from arena.game.frames import ReplyFrame, SettlementFrame
from arena.game.services import Services
from arena.game.thinking import Unjudged
from arena.store import messages, solutions
from arena.store.bots import Bot, BotStatus


async def give(
    services: Services,
    changes: BotChanges,
    bot: Bot,
    paid: PaidMessage,
    verdict: Verdict | Unjudged,
    late: Iterable[PaidMessage],
) -> None:
    """Collect what the verdict on a message changes, or that there is none.

    Args:
        late: the paid messages after this one, which go back if it is the winning one.
    """
    message = paid.message
    if isinstance(verdict, Unjudged):
        changes.set(judged_count=paid.index)
        chain_facts.refund(changes, paid, reason=verdict)
        return
    changes.write(messages.judged(message.id, reply=verdict.reply, solved=verdict.solved))
    tell(changes, paid, verdict)
    if verdict.solved:
        await _solve(services, changes, bot, paid)
        for after in late:
            changes.set(judged_count=after.index)
            chain_facts.refund(changes, after, reason="late")


def tell(changes: BotChanges, paid: PaidMessage, verdict: Verdict) -> None:
    """The message has its verdict, and with it becomes public."""
    message = paid.message
    changes.set(judged_count=paid.index)
    changes.emit(
        ReplyFrame,
        # until the chain stands by it, the answer to the puzzle is its finder's alone
        session_id=message.session_id if verdict.solved else None,
        id=message.client_id,
        message_id=message.id,
        message_index=paid.index,
        wallet=message.wallet,
        text=message.text,
        reply=verdict.reply,
        verdict="solved" if verdict.solved else "unsolved",
    )


async def _solve(services: Services, changes: BotChanges, bot: Bot, paid: PaidMessage) -> None:
    """The winner gets the initial pot and what every message up to the winning one added, but for refunds."""
    shares = await messages.pot_shares(services.database, bot.id, up_to_index=paid.index)
    reward = bot.initial_pot + shares
    changes.write(
        solutions.ended(
            solutions.NewSolution(
                bot_id=bot.id,
                message_id=paid.message.id,
                winner_id=paid.message.solver_id,
                message_index=paid.index,
                reward=reward,
                proof=terms.open_salt(services.secretbox, bot),
                revealed=terms.open_secret(services.secretbox, bot),
            )
        )
    )
    changes.set(status=BotStatus.SOLVED, ended_at=datetime.now(UTC))
    changes.emit(
        SettlementFrame,
        status="solved",
        winner=paid.message.wallet,
        message_index=paid.index,
        reward=reward,
    )
