"""`POST /chats/{id}/messages`: playing without a websocket.

The same conversation with the same actor as over `/ws/chats/{id}`: a message is quoted, then paid, and may be sent
again at every step. Instead of frames, the client gets the message as it is; if it prefers to, after its verdict.
"""

from __future__ import annotations

import json
from typing import Final, Never
from uuid import UUID

import structlog
import trio
from quart import Blueprint, Response, request
from quart_schema import document_headers, document_response

from actors import SubscriberLagged, Subscription
from arena.edge.encoding import encode_base64
from arena.edge.failures import as_problem
from arena.edge.identity import Identity
from arena.edge.rate_limits import Scope
from arena.game.messages import AttachSession, Pay, Publication, RequestQuote
from arena.http.bearer import authenticated
from arena.http.client import client_key
from arena.http.context import front
from arena.http.messages import own_message, own_session
from arena.http.prefer import preferred_wait
from arena.http.schemas import OwnMessage, PaymentRequired, PreferHeader, ProblemDocument, SayRequest
from arena.http.validation import answer, body
from arena.problems import Problem, not_found
from arena.store import messages
from arena.store.messages import Message, MessageStatus
from arena.store.sessions import ChatSession

log = structlog.get_logger(__name__)
blueprint = Blueprint("playing", __name__)

ASK_TIMEOUT: Final = 15.0
"""Seconds that a quote, or the commit of a payment, may take."""
PAUSE: Final = 0.5
"""Seconds between two attempts to follow a session."""
_DECIDED: Final = frozenset(
    {MessageStatus.JUDGED, MessageStatus.REFUNDING, MessageStatus.REFUNDED, MessageStatus.DEAD}
)


@blueprint.post("/chats/<uuid:session_id>/messages")
@document_response(OwnMessage)
@document_response(OwnMessage, 202)
@document_response(PaymentRequired, 402)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@document_response(ProblemDocument, 422)
@document_headers(PreferHeader)
@authenticated
@body(SayRequest)
async def say(wanted: SayRequest, identity: Identity, session_id: UUID) -> Response:
    """Say something to a bot.

    Without its payment the answer is 402 `payment_required` with a quote; with it, 202, or 200 with the verdict if it
    came within the time that the client prefers to wait. Safe to repeat at every step.
    """
    session = await own_session(identity, session_id)
    front().limits.check(Scope.MESSAGES_WALLET, identity.wallet)
    front().limits.check(Scope.MESSAGES_ADDRESS, client_key())
    if wanted.payment is None:
        await _quote(session, wanted)
    pay = Pay(wanted.id, wanted.payment.transaction, wanted.text)
    with trio.fail_after(ASK_TIMEOUT):
        await front().services.session(session.id).ask(pay)
    wait = preferred_wait(request.headers.get("Prefer"))
    limiter, place = front().waits, object()
    try:
        limiter.acquire_on_behalf_of_nowait(place)
    except trio.WouldBlock:
        wait = None  # as many wait as may; nobody has to be waited for
        message = await _message(session, wanted.id)
    else:
        try:
            message = await _after(session, wanted.id, wait or 0)
        finally:
            limiter.release_on_behalf_of(place)
    response = answer(own_message(message), 200 if message.status in _DECIDED else 202)
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return response


async def _quote(session: ChatSession, wanted: SayRequest) -> Never:
    with trio.fail_after(ASK_TIMEOUT):
        quote = await front().services.session(session.id).ask(RequestQuote(wanted.id, wanted.text))
    raise Problem(
        "payment_required",
        "This message has to be paid",
        402,
        "Sign the quote's transaction and send the message again with it.",
        {
            "quote": {
                "id": str(quote.client_id),
                "message_id": str(quote.message_id),
                "amount": quote.amount,
                "valid_until": quote.valid_until,
                "transaction": encode_base64(quote.transaction),
            }
        },
    )


async def _after(session: ChatSession, client_id: UUID, seconds: float) -> Message:
    """The message when it is decided, or as it is after so many seconds."""
    if seconds:
        with trio.move_on_after(seconds):
            return await _decided(session, client_id)
    return await _message(session, client_id)


async def _decided(session: ChatSession, client_id: UUID) -> Message:
    """Wait for it, through outages, too: what was accepted stays accepted."""
    while True:
        try:
            with await front().services.session(session.id).ask(AttachSession()) as frames:
                while True:
                    # the rows after the subscription: whatever comes later is told
                    message = await _message(session, client_id)
                    if message.status in _DECIDED:
                        return message
                    await _told(frames, client_id)
        except (trio.EndOfChannel, SubscriberLagged):
            log.debug("a session is followed anew", session_id=str(session.id))
        except Exception as error:
            problem = as_problem(error)
            if problem is None or problem.status < 500:
                raise
        await trio.sleep(PAUSE)


async def _told(frames: Subscription[Publication], client_id: UUID) -> None:
    """Until a durable frame is about the message. Raises what ends a subscription."""
    while True:
        for published in await frames.receive():
            if published.seq is not None and json.loads(published.frame).get("id") == str(client_id):
                return


async def _message(session: ChatSession, client_id: UUID) -> Message:
    message = await messages.by_client_id(front().services.database, session.id, client_id)
    if message is None:
        raise not_found("message")
    return message
