"""A chat session: one player with one bot, on as many connections as the player likes.

It makes quotes and examines payments, so that the bot sees only those that are in order. Quotes live in memory alone:
losing one costs nothing, the player asks again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import trio
from solders.pubkey import Pubkey

from actors import Actor, ActorRef
from arena.chain.payment import (
    FeeQuote,
    PaymentRefused,
    check_fee_transaction,
    fee_transaction,
    plainly_signed,
)
from arena.game.messages import (
    AcceptPayment,
    AttachSession,
    Pay,
    PaymentState,
    PriceMessage,
    Quote,
    RequestQuote,
    SessionMessage,
    SubscribeBot,
)
from arena.game.outages import outages_are_refusals
from arena.game.purse import Purse
from arena.game.refusals import (
    already_paid,
    bot_ends_soon,
    message_id_reused,
    payment_refused,
    quote_expired,
    quote_unknown,
)
from arena.game.services import Services
from arena.game.text import checked_text
from arena.ids import new_id
from arena.problems import Problem, not_found
from arena.store import messages, sessions
from arena.store.messages import MessageStatus, NewMessage, content_hash
from arena.store.sessions import ChatSession

MAX_IDS = 2048
"""Messages of a session whose ids are kept; of a session with more, each id is looked up."""
MAX_QUOTES = 16
"""Open quotes of a session; the oldest gives way to a further one."""


class _Quoted:
    """A quote that was given, with what is needed to examine the payment."""

    __slots__ = ("again", "fee", "text", "transaction")

    def __init__(self, text: str, fee: FeeQuote, transaction: bytes, *, again: bool) -> None:
        self.text = text
        self.fee = fee
        self.transaction = transaction
        self.again = again

    @property
    def expired(self) -> bool:
        return time.time() >= self.fee.valid_until


class ChatSessionActor(Actor[SessionMessage]):
    """The session with the id `session_id`."""

    mailbox_capacity = 64
    refusals = (Problem,)

    def __init__(self, services: Services, session_id: UUID) -> None:
        self._services = services
        self._id = session_id
        self._session: ChatSession | None = None
        self._quotes: OrderedDict[UUID, _Quoted] = OrderedDict()
        self._ids: set[UUID] | None = None
        """Of all messages that may have a row; None: they are too many."""

    async def started(self) -> None:
        database = self._services.database
        self._session = session = await sessions.get(database, self._id)
        if session is not None:
            self._purse = Purse(self._services.client, session.solver)
        ids = await messages.client_ids(database, self._id, limit=MAX_IDS)
        self._ids = set(ids) if len(ids) < MAX_IDS else None

    def describe(self) -> Mapping[str, object]:
        if self._session is None:
            return {}
        return {"bot_id": str(self._session.bot_id), "quotes": len(self._quotes)}

    async def receive(self, message: SessionMessage) -> Any:
        if self._session is None:
            self.context.stop()
            raise not_found("session")
        with outages_are_refusals:
            return await self._handle(self._session, message)

    async def _handle(self, session: ChatSession, message: SessionMessage) -> Any:
        match message:
            case RequestQuote(client_id, text):
                asked_at = trio.current_time()
                quote = await self._quote(session, client_id, self._checked(text))
                self._services.traffic.message_quoted(trio.current_time() - asked_at)
                return quote
            case Pay(client_id, transaction, text):
                said = None if text is None else self._checked(text)
                return await self._pay(session, client_id, transaction, said)
            case AttachSession():
                return self.context.pass_on(self._bot(session), SubscribeBot(self._id))

    def _checked(self, text: str) -> str:
        return checked_text(text, self._services.settings.arena_message_max_length)

    def _bot(self, session: ChatSession) -> ActorRef:
        return self._services.bot(session.bot_id)

    async def _known(self, session: ChatSession, client_id: UUID) -> messages.Message | None:
        """The message that the client calls so, if it was paid for before."""
        if self._ids is not None and client_id not in self._ids:
            return None
        return await messages.by_client_id(self._services.database, session.id, client_id)

    def _remember(self, client_id: UUID) -> None:
        if self._ids is not None:
            self._ids.add(client_id)
            if len(self._ids) > MAX_IDS:
                self._ids = None

    async def _quote(self, session: ChatSession, client_id: UUID, text: str) -> Quote:
        quoted = self._quotes.get(client_id)
        if quoted is not None and not quoted.expired:
            if quoted.text != text:
                raise message_id_reused()
            return self._answer(client_id, quoted)
        known = await self._known(session, client_id)
        if known is not None and known.status is not MessageStatus.DEAD:
            raise already_paid(known)
        if known is not None and known.text != text:
            raise message_id_reused()

        self._services.winding_down.refuse()
        offer = self._services.offers.of(session.bot_id)
        if offer is None:
            offer = await self._bot(session).ask(PriceMessage())
        # after the last attempt's: otherwise the same transaction could come out, which can never land again
        earliest = max(int(time.time()), int(known.valid_until.timestamp()) if known is not None else 0) + 1
        lifetime = self._services.settings.arena_quote_lifetime
        valid_until = min(max(int(time.time()) + lifetime, earliest), offer.closes_at)
        if valid_until < earliest:
            raise bot_ends_soon()
        blockhash = await self._services.client.latest_blockhash()
        message_id = known.id if known is not None else new_id()
        fee = FeeQuote(
            bot_id=session.bot_id,
            bot=Pubkey.from_string(offer.bot),
            player=Pubkey.from_string(session.solver),
            quote_key=Pubkey.from_string(offer.quote_key),
            message_id=message_id,
            content_hash=content_hash(message_id, text),
            amount=offer.amount,
            valid_until=valid_until,
            blockhash=blockhash.hash,
            last_valid_block_height=blockhash.last_valid_block_height,
        )
        transaction = fee_transaction(self._services.program_id, fee)
        quoted = _Quoted(text, fee, transaction, again=known is not None)
        self._quotes[client_id] = quoted
        self._quotes.move_to_end(client_id)
        while len(self._quotes) > MAX_QUOTES:
            self._quotes.popitem(last=False)
        return self._answer(client_id, quoted)

    @staticmethod
    def _answer(client_id: UUID, quoted: _Quoted) -> Quote:
        fee = quoted.fee
        return Quote(client_id, fee.message_id, fee.amount, fee.valid_until, quoted.transaction)

    async def _pay(
        self, session: ChatSession, client_id: UUID, transaction: bytes, text: str | None
    ) -> PaymentState | None:
        """How far the payment is, if it was made before. Otherwise the bot answers, once it is committed, and the next
        frame of the player need not wait for that.
        """
        quoted = self._quotes.get(client_id)
        if quoted is None:
            known = await messages.by_client_id(self._services.database, session.id, client_id)
            if known is None or known.status is MessageStatus.DEAD:
                raise quote_unknown()
            if text not in (None, known.text):
                raise message_id_reused()
            return PaymentState(client_id, known.status)
        if text not in (None, quoted.text):
            raise message_id_reused()
        if quoted.expired:
            del self._quotes[client_id]
            raise quote_expired()
        fee = quoted.fee
        try:
            signed = plainly_signed(quoted.transaction, transaction, fee.player) or check_fee_transaction(
                self._services.program_id, fee, transaction
            )
        except PaymentRefused as refused:
            raise payment_refused(refused) from refused
        await self._purse.check(fee.amount)
        message = NewMessage(
            id=fee.message_id,
            bot_id=session.bot_id,
            session_id=session.id,
            solver_id=session.solver_id,
            wallet=session.solver,
            client_id=client_id,
            text=quoted.text,
            content_hash=fee.content_hash,
            amount=fee.amount,
            valid_until=datetime.fromtimestamp(fee.valid_until, UTC),
        )
        self._remember(client_id)  # before: whoever asks may be cancelled, and the bot accept it nevertheless
        self.context.pass_on(
            self._bot(session),
            AcceptPayment(
                message,
                signed.transaction,
                signed.signature,
                fee.last_valid_block_height,
                again=quoted.again,
            ),
            answered=lambda _: self._quotes.pop(client_id, None),
            failed=lambda _: self._purse.kept(),
        )
        self._purse.paid(fee.amount)
        return None
