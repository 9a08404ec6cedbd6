"""When a bot that nobody solved is over: pure functions of its terms and of the clock. Times are unix seconds."""

from __future__ import annotations

from arena.chain.accounts import BotAccount, BotStatus
from arena.store.bots import Bot

MARGIN = 10.0
"""Seconds that we wait longer than the terms say: the chain's clock is not ours."""
PAYABLE_FOR = 3600.0
"""Seconds that the arena has to have been payable before a bot is called idle: players must have had a chance."""


def is_over(bot: Bot, *, message_count: int, last_paid_at: float, payable_since: float, now: float) -> bool:
    """Whether the bot's time is over, or nobody has cared for it for as long as its terms say.

    Args:
        message_count: how many messages were ever paid.
        last_paid_at: when the last one was, or when the bot was opened.
        payable_since: since when messages could be paid without interruption.
    """
    if now >= bot.closes_at.timestamp() + MARGIN:
        return True
    if bot.idle_after == 0 or message_count < bot.idle_min_messages:
        return False
    had_a_chance = now >= payable_since + min(bot.idle_after, PAYABLE_FOR)
    return had_a_chance and now >= last_paid_at + bot.idle_after + MARGIN


def closable_at(account: BotAccount) -> float:
    """From when on the program lets our payout key close the bot."""
    if account.status is BotStatus.SOLVED:
        return 0.0
    if account.idle_after > 0 and account.message_count >= account.idle_min_messages:
        return min(account.closes_at, account.last_message_at + account.idle_after)
    return account.closes_at
