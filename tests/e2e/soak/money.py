"""What every wallet must have spent and received, reckoned from nothing but what players were told. Lamports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from arena.economy import Books, ExpiryRule, Split
from tests.e2e.soak.conversation import Conversation
from tests.e2e.soak.records import Bot

NETWORK_FEE = 2 * 5_000
"""Of a transaction with two signatures: opening, paying, closing by the creator."""


@dataclass(frozen=True, slots=True)
class Fee:
    """A message that is on the chain for good."""

    index: int
    wallet: str
    amount: int
    refunded: bool


@dataclass(frozen=True, slots=True)
class Reckoning:
    """One bot: what it changed for each wallet, and what is wrong with what was told of it."""

    changes: Counter[str]
    wrong: list[str]
    fees: list[Fee]
    held: int
    """What is left in the bot, without its rent."""


def reckon(bot: Bot, talks: Sequence[Conversation], status: str, platform: str) -> Reckoning:
    """Add up one bot.

    Args:
        talks: of all players with this bot, complete.
        status: of the bot, in the end.
    """
    wrong: list[str] = []
    changes: Counter[str] = Counter({bot.creator: 0})
    fees = _fees(talks, changes, wrong)
    if [fee.index for fee in fees] != list(range(1, len(fees) + 1)):
        wrong.append(f"the players know of messages {[fee.index for fee in fees]}")
    if status in ("draft", "opening"):
        if fees:
            wrong.append(f"messages were paid though the bot is {status}")
        return Reckoning(changes, wrong, fees, 0)

    initial_pot = bot.terms["initial_pot"]
    changes[bot.creator] -= initial_pot + NETWORK_FEE
    split = Split(bot.terms["pot_bps"], bot.terms["creator_bps"])
    books = Books(initial_pot)
    for fee in fees:
        books = books.record(fee.amount, split)
    told = next((talk.fates for talk in talks if talk.fates.rewarded), None)
    if told is not None:
        kept = [fee for fee in fees if fee.index <= told.winning_index and not fee.refunded]
        due = initial_pot + sum(split.divide(fee.amount).pot for fee in kept)
        if due != told.reward:
            wrong.append(f"the reward is {told.reward}, and {due} was due")
        changes[told.winner] += told.reward
    for fee in fees:
        if fee.refunded:
            books = books.refund(fee.amount, split)
            changes[fee.wallet] += fee.amount
    if told is not None:
        books = books.settle(told.reward)
    if status != "closed":
        return Reckoning(changes, wrong, fees, books.total)

    if told is not None and books.pot:
        wrong.append(f"{books.pot} lamports are left of the pot after the reward")
    rule = ExpiryRule(bot.terms["expiry_rule"])
    was_played = any(not fee.refunded for fee in fees)
    payout = books.expire(rule, initial_pot, was_played=was_played)
    if fees and told is None:
        changes[fees[-1].wallet] += payout.last_player
    changes[bot.creator] += payout.creator + books.creator_due
    changes[platform] += books.platform_due
    if bot.kind == "unplayed":
        changes[bot.creator] -= NETWORK_FEE
    return Reckoning(changes, wrong, fees, 0)


def _fees(talks: Sequence[Conversation], changes: Counter[str], wrong: list[str]) -> list[Fee]:
    """The fees of all players, in the order of the chain; what they cost is taken from `changes`."""
    fees: list[Fee] = []
    for talk in talks:
        wallet = talk.fates.wallet
        for message_id, fate in talk.fates.messages.items():
            changes[wallet] -= fate.failures * NETWORK_FEE
            if not fate.paid:
                continue
            amount = talk.amounts.get(fate.signature)
            if amount is None:
                wrong.append(f"message {message_id} is paid by {fate.signature}, which nobody signed")
                continue
            changes[wallet] -= amount + NETWORK_FEE
            fees.append(Fee(fate.index, wallet, amount, fate.status == "refunded"))
    return sorted(fees, key=lambda fee: fee.index)
