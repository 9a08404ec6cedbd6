"""Transactions: whatever moved money has exactly one row, and every row that says it landed has moved just that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never
from uuid import UUID

from arena.audit.differences import Kind
from arena.audit.findings import Findings
from arena.audit.ledger import Ledger
from arena.chain.events import (
    BotClosed,
    BotCreated,
    CloseReason,
    KeysRotated,
    MessageFeeRecorded,
    MessageFeeRefunded,
    RewardSettled,
)
from arena.store.transactions import TransactionStatus

_ENDED_BY_EVENT: Final = frozenset({"create", "fee"})
"""Kinds whose rows land in the same change that takes the event in."""


@dataclass(frozen=True, slots=True)
class _Movement:
    """What the row of an event's transaction has to say.

    ``payer`` None: the payout key, whichever it was. ``ours``: the arena sent it, so there has to be a row.
    """

    event_seq: int
    signature: str
    kind: str
    amount: int
    message_id: UUID | None
    payer: str | None
    ours: bool = True


def compare_transactions(findings: Findings) -> None:
    """Note what differs."""
    rows = findings.rows.transactions
    movements: dict[str, _Movement] = {}
    counts = Counter(row.signature for row in rows)
    for movement in _movements(findings.ledger):
        about = f"{movement.kind} {movement.signature}"
        if movement.signature in movements:
            findings.wrong(Kind.TRANSACTION, about, "one movement", f"event {movement.event_seq}, too")
        movements.setdefault(movement.signature, movement)
        count = counts[movement.signature]
        if movement.event_seq <= findings.known and (count > 1 or (movement.ours and count == 0)):
            findings.wrong(Kind.TRANSACTION_UNKNOWN, about, "one row", count)
    for row in rows:
        about = f"{row.kind} {row.signature}"
        done = movements.get(row.signature)
        if done is None:
            if row.status is TransactionStatus.LANDED:
                findings.wrong(Kind.TRANSACTION_NOT_ON_CHAIN, about, "on the chain", "nothing there")
            elif row.status is TransactionStatus.PENDING and row.kind != "fee":
                findings.in_flight[f"{row.kind} transactions not on the chain yet"] += 1
            continue
        findings.differs(Kind.TRANSACTION, f"{about}, kind", done.kind, row.kind)
        findings.differs(Kind.TRANSACTION, f"{about}, lamports", done.amount, row.amount)
        findings.differs(Kind.TRANSACTION, f"{about}, message", done.message_id, row.message_id)
        if done.payer is not None:
            findings.differs(Kind.TRANSACTION, f"{about}, payer", done.payer, row.payer)
        if row.status in (TransactionStatus.FAILED, TransactionStatus.EXPIRED):
            findings.wrong(Kind.TRANSACTION, f"{about}, status", "landed", row.status.value)
        elif row.status is TransactionStatus.PENDING:
            if row.kind in _ENDED_BY_EVENT and findings.taken_in(done.event_seq):
                findings.wrong(Kind.TRANSACTION, f"{about}, status", "landed", row.status.value)
            elif row.kind != "fee":
                findings.in_flight[f"{row.kind} transactions not taken in yet"] += 1


def _movements(ledger: Ledger) -> Iterator[_Movement]:
    """All but rotations of keys."""
    for seq, event in ledger.events.items():
        signature = ledger.signatures[seq]
        match event:
            case BotCreated():
                yield _Movement(seq, signature, "create", event.initial_pot, None, str(event.creator))
            case MessageFeeRecorded():
                yield _Movement(seq, signature, "fee", event.amount, event.message_id, str(event.player))
            case RewardSettled():
                yield _Movement(seq, signature, "settle", event.reward, None, None)
            case MessageFeeRefunded():
                paid = ledger.fees.get(event.message_index)
                message_id = paid.message_id if paid else None
                yield _Movement(seq, signature, "refund", event.amount, message_id, None)
            case BotClosed():
                ours = event.reason is not CloseReason.ABANDONED
                yield _Movement(seq, signature, "close", 0, None, None, ours)
            case KeysRotated():
                pass
            case _:
                assert_never(event)
