"""Messages: every fee has exactly one row, every row that says it is paid has its fee, and each exactly one outcome."""

from __future__ import annotations

from collections import Counter
from typing import Final

from arena.audit.differences import Kind
from arena.audit.findings import Findings
from arena.chain.events import MessageFeeRecorded
from arena.store.messages import MessageStatus
from arena.store.money import MessageMoney

_PAID: Final = frozenset(
    {MessageStatus.PAID, MessageStatus.JUDGED, MessageStatus.REFUNDING, MessageStatus.REFUNDED}
)


def compare_messages(findings: Findings) -> None:
    """Note what differs."""
    ledger, rows = findings.ledger, findings.rows
    ids = Counter(message.id for message in rows.messages)
    indices = Counter(message.message_index for message in rows.messages if message.message_index is not None)
    for fee in ledger.fees.values():
        if fee.event_seq > findings.known:
            continue
        about = f"message {fee.message_index}"
        if ids[fee.message_id] == 0:
            findings.wrong(
                Kind.MESSAGE_UNKNOWN, about, "a row", f"none; paid by {fee.player}, {fee.amount} lamports"
            )
        elif ids[fee.message_id] > 1 or indices[fee.message_index] > 1:
            findings.wrong(Kind.MESSAGE, about, "one row", "several")
    fees = {fee.message_id: fee for fee in ledger.fees.values()}
    for message in rows.messages:
        findings.differs(Kind.MESSAGE, f"{_name(message)}, text", True, message.text_hashed)
        fee_of = fees.get(message.id)
        if message.status in _PAID:
            _compare_paid(findings, message, fee_of)
        else:
            _compare_unpaid(findings, message, fee_of)


def _compare_paid(findings: Findings, message: MessageMoney, fee: MessageFeeRecorded | None) -> None:
    about = _name(message)
    if fee is None:
        found = f"{message.status}, {message.amount} lamports by {message.fee_signature}"
        findings.wrong(Kind.MESSAGE_NOT_ON_CHAIN, about, "a fee on the chain", found)
        return
    _compare_terms(findings, message, fee)
    findings.differs(Kind.MESSAGE, f"{about}, index", fee.message_index, message.message_index)
    findings.differs(Kind.MESSAGE, f"{about}, pot share", fee.pot_share, message.pot_share)
    signature = findings.ledger.signature_of(fee)
    findings.differs(Kind.MESSAGE, f"{about}, transaction", signature, message.fee_signature)
    if not findings.taken_in(fee.event_seq):
        findings.wrong(Kind.MIRROR, about, f"event {fee.event_seq} taken in", findings.rows.bot.event_seq)
    _compare_outcome(findings, message, fee.message_index)


def _compare_unpaid(findings: Findings, message: MessageMoney, fee: MessageFeeRecorded | None) -> None:
    about = _name(message)
    if fee is None or fee.event_seq > findings.known:
        if message.status is MessageStatus.PAYING:
            findings.in_flight["payments not on the chain yet"] += 1
        return
    _compare_terms(findings, message, fee)
    if message.status is MessageStatus.DEAD:
        findings.wrong(Kind.OUTCOME, about, "paid, as the chain says", "dead")
    elif findings.taken_in(fee.event_seq):
        findings.wrong(Kind.OUTCOME, about, f"paid by event {fee.event_seq}, which was taken in", "paying")
    else:
        findings.in_flight["payments not taken in yet"] += 1


def _compare_terms(findings: Findings, message: MessageMoney, fee: MessageFeeRecorded) -> None:
    about = _name(message)
    findings.differs(Kind.MESSAGE, f"{about}, player", str(fee.player), message.wallet)
    findings.differs(Kind.MESSAGE, f"{about}, lamports", fee.amount, message.amount)
    findings.differs(
        Kind.MESSAGE, f"{about}, content hash", fee.content_hash.hex(), message.content_hash.hex()
    )


def _compare_outcome(findings: Findings, message: MessageMoney, index: int) -> None:
    """A verdict, a refund, or still waiting: one of them, and the one that the chain knows."""
    ledger, about = findings.ledger, f"{_name(message)}, outcome"
    refund = ledger.refunds.get(index)
    if message.status is MessageStatus.REFUNDED:
        on_chain = ledger.signature_of(refund) if refund is not None else None
        findings.differs(
            Kind.OUTCOME, about, f"refunded by {on_chain}", f"refunded by {message.refund_signature}"
        )
    elif refund is not None:
        if message.status is MessageStatus.JUDGED or findings.taken_in(refund.event_seq):
            findings.wrong(Kind.OUTCOME, about, "refunded, as the chain says", message.status.value)
        else:
            findings.in_flight["refunds not taken in yet"] += 1
    elif message.status is not MessageStatus.JUDGED:
        closed = ledger.closed
        if closed is not None and findings.taken_in(closed.event_seq):
            findings.wrong(
                Kind.OUTCOME, about, "a verdict or a refund before the closing", message.status.value
            )
        else:
            findings.in_flight["messages waiting for verdict or refund"] += 1


def _name(message: MessageMoney) -> str:
    return f"message {message.message_index or message.id}"
