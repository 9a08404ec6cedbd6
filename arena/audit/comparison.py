"""Chain against database: one bot's ledger against its rows. No I/O.

Rows are written before anything is sent, and the chain is read before the rows. So whatever is final on the chain has
rows, even where the server has not taken it in yet: that is *in flight*, and no difference. A row that knows more than
the chain is a difference; whoever calls looks again once everything that the rows could know of is final.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from arena.audit.compared_events import compare_events
from arena.audit.compared_messages import compare_messages
from arena.audit.compared_transactions import compare_transactions
from arena.audit.differences import Difference, Kind
from arena.audit.findings import Findings
from arena.audit.ledger import Ledger
from arena.economy import reward
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus
from arena.store.money import MoneyRows, SolutionMoney
from arena.store.solutions import SolutionStatus

_TERMS: Final = (
    "fee_base",
    "fee_growth_bps",
    "fee_cap",
    "pot_bps",
    "creator_bps",
    "initial_pot",
    "idle_after",
    "idle_min_messages",
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``in_flight``: what is under way between chain and database, and how often."""

    differences: tuple[Difference, ...]
    in_flight: dict[str, int]


def compare(ledger: Ledger, rows: MoneyRows, *, known: int) -> Comparison:
    """What differs between a bot's history and its rows.

    Args:
        known: the number of the last event that was final before the rows were read. Later events the rows need not
            know of.
    """
    findings = Findings(ledger, rows, max(known, rows.bot.event_seq))
    compare_bot(findings)
    compare_events(findings)
    compare_messages(findings)
    compare_transactions(findings)
    compare_solution(findings)
    behind = min(ledger.event_seq, findings.known) - rows.bot.event_seq
    if behind > 0:
        findings.in_flight["events not taken in yet"] += behind
    return Comparison(tuple(findings.differences), dict(findings.in_flight))


def compare_bot(findings: Findings) -> None:
    """The bot's own row: terms as on chain, and the books of the event that it has come to."""
    ledger, bot = findings.ledger, findings.rows.bot
    created = ledger.created
    if created is not None:
        terms = {
            "id": (created.bot_id, bot.id),
            "address": (str(ledger.address), bot.address),
            "founding key": (str(created.founding_key), bot.founding_key),
            "creator": (str(created.creator), bot.creator),
            "objective hash": (created.objective_hash.hex(), bot.objective_hash.hex()),
            "closes at": (created.closes_at, int(bot.closes_at.timestamp())),
            "expiry rule": (created.expiry_rule.name.lower(), bot.expiry_rule.value),
        }
        for name in _TERMS:
            terms[name.replace("_", " ")] = (getattr(created, name), getattr(bot, name))
        for name, (expected, found) in terms.items():
            findings.differs(Kind.TERMS, name, expected, found)
    if bot.event_seq > ledger.event_seq:
        findings.wrong(Kind.MIRROR, "events", f"{ledger.event_seq} on the chain", bot.event_seq)
        return
    event = ledger.events.get(bot.event_seq)
    if event is None:
        findings.differs(Kind.MIRROR, "pot", bot.initial_pot, bot.pot)
        findings.differs(Kind.MIRROR, "message count", 0, bot.message_count)
    else:
        findings.differs(Kind.MIRROR, f"pot after event {bot.event_seq}", event.pot, bot.pot)
        findings.differs(
            Kind.MIRROR, f"message count after event {bot.event_seq}", event.message_count, bot.message_count
        )
    _compare_status(findings)


def _compare_status(findings: Findings) -> None:
    ledger, bot = findings.ledger, findings.rows.bot
    taken_in = bot.event_seq
    closed = ledger.closed is not None and ledger.closed.event_seq <= taken_in
    settled = ledger.settled is not None and ledger.settled.event_seq <= taken_in
    if closed:
        possible = {BotStatus.CLOSED}
    elif settled:
        possible = {BotStatus.SOLVED, BotStatus.CLOSING}
    elif taken_in == 0:
        possible = {BotStatus.DRAFT, BotStatus.OPENING}
    else:
        possible = {BotStatus.OPEN, BotStatus.SOLVED, BotStatus.EXPIRED, BotStatus.CLOSING}
    if bot.status is not BotStatus.HALTED and bot.status not in possible:
        expected = " or ".join(sorted(status.value for status in possible))
        findings.wrong(Kind.MIRROR, f"status after event {taken_in}", expected, bot.status.value)


def compare_solution(findings: Findings) -> None:
    """How the bot ended: the winner, the reward, and what of it is final."""
    ledger, rows = findings.ledger, findings.rows
    solution = rows.solution
    winners = [message for message in rows.messages if message.solved]
    if solution is None:
        findings.differs(Kind.SOLUTION, "solving message", 0, len(winners))
        if ledger.settled is not None and ledger.settled.event_seq <= findings.known:
            findings.wrong(Kind.SOLUTION, "row", "there, as the reward was paid", "none")
        return
    solving = [(message.id, message.wallet, message.message_index) for message in winners]
    named = [(solution.message_id, solution.winner, solution.message_index)] if solution.message_id else []
    findings.differs(Kind.SOLUTION, "winner", named, solving)
    if solution.message_index is not None:
        shares = [
            message.pot_share or 0
            for message in rows.messages
            if message.status is MessageStatus.JUDGED
            and (message.message_index or 0) <= solution.message_index
        ]
        findings.differs(Kind.REWARD, "reward", reward(rows.bot.initial_pot, shares), solution.reward)
    _compare_seals(findings, solution)


def _compare_seals(findings: Findings, solution: SolutionMoney) -> None:
    """What the row says is final, and with which transactions."""
    ledger, settled, closed = findings.ledger, findings.ledger.settled, findings.ledger.closed
    if settled is not None and settled.event_seq <= findings.known:
        findings.differs(Kind.SOLUTION, "paid wallet", str(settled.winner), solution.winner)
        findings.differs(Kind.SOLUTION, "paid message", settled.message_index, solution.message_index)
        findings.differs(Kind.SOLUTION, "paid lamports", settled.reward, solution.reward)
        findings.differs(Kind.SOLUTION, "revealed proof", settled.proof.hex(), solution.proof.hex())
    if solution.settle_signature is not None:
        on_chain = ledger.signature_of(settled) if settled is not None else None
        findings.differs(Kind.SOLUTION, "settlement", on_chain, solution.settle_signature)
    if solution.status is SolutionStatus.CLOSED:
        on_chain = ledger.signature_of(closed) if closed is not None else None
        findings.differs(Kind.SOLUTION, "closing", on_chain, solution.close_signature)
