"""Paying a bot for messages: what that costs, who may, and the payments that are under way."""

from __future__ import annotations

import time
from collections.abc import Iterable

from arena.chain.submitter import Landed, Outcome, TransactionKind
from arena.crashpoints import crash_point
from arena.game import payments, terms
from arena.game.bot_record import BotRecord
from arena.game.judging import Judging
from arena.game.messages import AcceptPayment, Offer, PaymentState
from arena.game.refusals import (
    bot_ends_soon,
    bot_not_live,
    brain_unavailable,
    keys_rotating,
    too_many_payments,
)
from arena.game.services import Services
from arena.game.submission import Submission
from arena.game.thinker import Thinker
from arena.problems import Problem
from arena.store import messages, transactions
from arena.store.bots import BotStatus
from arena.store.messages import MessageStatus, NewMessage
from arena.store.transactions import NetworkTransaction, TransactionStatus
from persistence import ChangeRejected, WriteConflict

MAX_UNJUDGED = 1024
"""Paid messages of one bot that may wait for their verdicts; while there are more, further ones are refused."""
MAX_PAYING_PER_SESSION = 4


class Paying:
    """One bot's till.

    Attributes:
        under_way: messages whose fee was sent and is not known to have landed, by the signature of its transaction.
    """

    def __init__(
        self,
        services: Services,
        record: BotRecord,
        thinker: Thinker,
        judging: Judging,
        submission: Submission,
    ) -> None:
        self.under_way: dict[str, NewMessage] = {}
        self._services = services
        self._record = record
        self._thinker = thinker
        self._judging = judging
        self._submission = submission

    def take_up(self, pending: Iterable[NetworkTransaction], paying: Iterable[NewMessage]) -> None:
        """Go on with transactions that may still land, and the messages that they pay."""
        message_of = {message.id: message for message in paying}
        for row in pending:
            if row.kind == TransactionKind.FEE and row.message_id in message_of:
                self.under_way[row.signature] = message_of[row.message_id]
            if row.kind in (TransactionKind.CREATE, TransactionKind.FEE):
                self._submission.submit(terms.outgoing(row))

    def price(self) -> Offer:
        """What the next message costs. Raises `Problem` if none is taken now."""
        self._refuse_unless_live()
        return self._record.offer()

    def _refuse_unless_live(self) -> None:
        self._services.winding_down.refuse()
        if self._record.status is not BotStatus.OPEN:
            raise bot_not_live(self._record.status)
        if time.time() >= self._record.bot.closes_at.timestamp():
            raise bot_ends_soon()
        if not self._record.keys_are_ours:
            raise keys_rotating()
        if reason := self._thinker.unavailable():
            raise brain_unavailable(reason)

    async def accept(self, payment: AcceptPayment) -> PaymentState:
        """Commit a payment, then send it. One that was accepted before is not accepted again, and is told how far it
        is: nearly always it is new, so that is asked only when something stands against it.
        """
        if payment.signature in self.under_way:
            return PaymentState(payment.message.client_id, MessageStatus.PAYING)
        try:
            self._refuse(payment)
            outgoing = payments.cosigned(self._services, payment)
            changes = self._record.changes()
            payments.accepted(changes, payment.message, outgoing, again=payment.again)
            await self._record.commit(changes)
        except (Problem, ChangeRejected, WriteConflict):
            known = await messages.by_client_id(
                self._services.database, payment.message.session_id, payment.message.client_id
            )
            if known is None or known.status is MessageStatus.DEAD:
                raise
            return PaymentState(known.client_id, known.status)
        self.under_way[outgoing.signature] = payment.message
        self._services.traffic.payment_accepted(payment.message.id)
        crash_point("payment_committed")
        self._submission.submit(outgoing)
        crash_point("payment_submitted")
        return PaymentState(payment.message.client_id, MessageStatus.PAYING)

    def _refuse(self, payment: AcceptPayment) -> None:
        self._refuse_unless_live()
        mine = sum(message.session_id == payment.message.session_id for message in self.under_way.values())
        if mine >= MAX_PAYING_PER_SESSION:
            raise too_many_payments("session")
        # only what was paid counts here: whoever wants to keep others out has to pay for it
        if len(self._judging) >= MAX_UNJUDGED:
            raise too_many_payments("bot")
        if not self._services.submitter.has_room_for_payments:
            raise too_many_payments("arena")

    async def ended(self, outcome: Outcome) -> None:
        """A creation or a payment that did not land; one that did is told of by its event, with the books."""
        if isinstance(outcome, Landed):
            return
        outgoing = outcome.outgoing
        row = await transactions.get(self._services.database, outgoing.signature)
        if row is None or row.status is not TransactionStatus.PENDING:
            return  # told before, and committed: by now another transaction may be in its place
        message = self.under_way.get(outgoing.signature)
        opening_failed = outgoing.kind is TransactionKind.CREATE and self._record.status is BotStatus.OPENING
        if message is None and not opening_failed:
            return
        changes = self._record.changes()
        payments.ended(self._services, changes, outcome, message)
        if message is None:
            changes.set(status=BotStatus.DRAFT)
        await self._record.commit(changes)
        if message is not None:
            del self.under_way[outgoing.signature]
        else:
            self._services.feed.untrack(self._record.id)
