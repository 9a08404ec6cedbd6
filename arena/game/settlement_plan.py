"""The next step that moves a bot's money to where it belongs: a pure function of the chain and the rows.

The order is the program's: refunds happen in the order of their messages, once each; those of messages before the
winning one come before the reward, those of later ones after it; closing comes last. Because every step is derived from
what the chain says is done, taking it again after a crash is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from arena.chain.accounts import BotAccount, BotStatus
from arena.game import ending


@dataclass(frozen=True, slots=True)
class RefundDue:
    """A fee that goes back. `amount` in lamports."""

    message_id: UUID
    message_index: int
    player: str
    amount: int


@dataclass(frozen=True, slots=True)
class Solution:
    """Who won with which message. `reward` in lamports; `proof` is the salt of the objective hash."""

    message_index: int
    winner: str
    reward: int
    proof: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until the chain or the bot has moved on."""

    why: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The bot is live and owes nothing."""


@dataclass(frozen=True, slots=True)
class Refund:
    due: RefundDue


@dataclass(frozen=True, slots=True)
class Settle:
    solution: Solution


@dataclass(frozen=True, slots=True)
class Close:
    expected_message_count: int


@dataclass(frozen=True, slots=True)
class Done:
    """The account is gone: everything is paid."""


Step = Wait | Idle | Refund | Settle | Close | Done


def next_step(
    account: BotAccount | None,
    *,
    solution: Solution | None,
    ended: bool,
    refunds: Sequence[RefundDue],
    accounted: int,
    now: float,
) -> Step:
    """What to do next.

    Args:
        account: the bot's account as finalized; None when it is gone.
        solution: set once the bot is solved.
        ended: the bot is expired or being closed without a solution.
        refunds: the fees that go back and are not known to be back, in the order of their messages.
        accounted: how many messages have a fate in the rows: judged, or to be refunded.
        now: unix seconds.
    """
    if account is None:
        return Done()
    due = [
        refund for refund in refunds if account.refund_cursor < refund.message_index <= account.message_count
    ]
    if solution is not None and account.status is BotStatus.OPEN:
        early = [refund for refund in due if refund.message_index < solution.message_index]
        if early:
            return Refund(early[0])
        if account.message_count < solution.message_index:
            return Wait("the winning message is not final yet")
        return Settle(solution)
    if due:
        return Refund(due[0])
    if any(refund.message_index > account.message_count for refund in refunds):
        return Wait("a message to be refunded is not final yet")
    if solution is None and not ended:
        return Idle()
    if account.message_count != accounted:
        return Wait("a late message has not been accounted for yet")
    if now < ending.closable_at(account) + ending.MARGIN:
        return Wait("the chain does not let it be closed yet")
    return Close(account.message_count)
