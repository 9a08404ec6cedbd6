"""What it changes that a payment is accepted, or that it can never land: pure bookkeeping, and our signature."""

from __future__ import annotations

from arena.chain.payment import cosign
from arena.chain.reasons import explain, explain_expiry
from arena.chain.submitter import Expired, Failed, Landed, Outcome, Outgoing, TransactionKind
from arena.game import terms
from arena.game.bot_changes import BotChanges
from arena.game.frames import PaymentFrame
from arena.game.messages import AcceptPayment
from arena.game.services import Services
from arena.store import messages, transactions
from arena.store.messages import NewMessage


def cosigned(services: Services, payment: AcceptPayment) -> Outgoing:
    """The fee transaction with our signature. To be handed on only when it is committed."""
    return Outgoing(
        payment.signature,
        cosign(payment.transaction, services.keys.quote_signer),
        payment.last_valid_block_height,
        TransactionKind.FEE,
        payment.message.bot_id,
        payment.message.id,
    )


def accepted(changes: BotChanges, message: NewMessage, outgoing: Outgoing, *, again: bool) -> None:
    """Collect what it changes that a message is being paid for; ``again``: its last payment is dead."""
    changes.write(
        messages.retry(message) if again else messages.accept(message),
        transactions.send(terms.new_transaction(outgoing, payer=message.wallet, amount=message.amount)),
    )
    changes.emit(
        PaymentFrame,
        session_id=message.session_id,
        id=message.client_id,
        status="accepted",
        signature=outgoing.signature,
    )


def ended(services: Services, changes: BotChanges, outcome: Outcome, message: NewMessage | None) -> None:
    """Collect what it changes that a creation (no message) or a payment can never take effect."""
    signature = outcome.outgoing.signature
    match outcome:
        case Failed(slot=slot, cause=cause):
            failure = explain(cause, services.program_id, outcome.outgoing.transaction)
            changes.write(transactions.failed(signature, slot=slot, error=outcome.error))
        case Expired(cause=cause):
            failure = explain_expiry(cause, services.program_id, outcome.outgoing.transaction)
            changes.write(transactions.expired(signature, error=outcome.error))
        case Landed():
            raise AssertionError("its event tells of it")
    if message is None:
        return
    changes.write(messages.dead(message.id))
    changes.emit(
        PaymentFrame,
        session_id=message.session_id,
        id=message.client_id,
        status="expired" if isinstance(outcome, Expired) else "failed",
        signature=signature,
        code=failure.code,
        detail=failure.detail,
    )
