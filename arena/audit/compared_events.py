"""Events as the bot has taken them in: each is the one on the chain with its number, and none is left out."""

from __future__ import annotations

from typing import Final

from arena.audit.differences import Kind
from arena.audit.findings import Findings
from arena.audit.ledger import Ledger
from arena.store.money import MoneyRows

_MIGRATED: Final = "Migrated"
"""What stands for all events that were taken in before there were rows of them."""


def compare_events(findings: Findings) -> None:
    """Note what differs."""
    ledger, rows = findings.ledger, findings.rows.events
    numbers = [row.event_seq for row in rows]
    if numbers or findings.rows.bot.event_seq:
        first = numbers[0] if rows and rows[0].kind == _MIGRATED else 1
        expected = list(range(first, findings.rows.bot.event_seq + 1))
        if numbers != expected:
            wanted = f"{first} to {findings.rows.bot.event_seq}"
            findings.wrong(Kind.MIRROR, "events taken in", wanted, _shown(numbers))
    for row in rows:
        event, about = ledger.events.get(row.event_seq), f"event {row.event_seq}"
        if event is None:
            continue  # the bot's row says as much, and is compared
        findings.differs(Kind.MIRROR, f"{about}, pot", event.pot, row.pot)
        findings.differs(Kind.MIRROR, f"{about}, message count", event.message_count, row.message_count)
        if row.kind != _MIGRATED:
            findings.differs(Kind.MIRROR, f"{about}, kind", type(event).__name__, row.kind)
            signature = ledger.signatures[row.event_seq]
            findings.differs(Kind.MIRROR, f"{about}, transaction", signature, row.signature)


def taken_back(ledger: Ledger, rows: MoneyRows) -> int | None:
    """The first event in the rows that a fork took back and the arena, which does not call it final, did not undo.

    To be asked when everything that the rows could know of is final.
    """
    for row in rows.events:
        if not row.final and ledger.signatures.get(row.event_seq) != row.signature:
            return row.event_seq
    return None


def _shown(numbers: list[int]) -> str:
    return f"{len(numbers)} of them, {numbers[0]} to {numbers[-1]}" if numbers else "none"
