"""The conversation of `/ws/chats/{session_id}`: one player, one bot.

Three things go on at once: `_Chat.run` reads the client's frames and answers them, `Following` sends what happens in
the session, `tell_presence` how many others are there.
"""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

import structlog
import trio

from actors import ActorRef
from arena.edge.authentication import Authenticator
from arena.edge.failures import as_problem, busy
from arena.edge.rate_limits import FrameLimits, RateLimits
from arena.edge.tokens import token_missing
from arena.game.messages import AttachSession, Pay, PaymentState, Quote, RequestQuote
from arena.game.services import Services
from arena.problems import Problem, internal_error, not_found
from arena.store import events, sessions
from arena.store.events import BotEvent
from arena.store.sessions import ChatSession
from arena.ws.answering import Answering
from arena.ws.connection import Connection, ConnectionClosed, Conversation
from arena.ws.dialects import CHAT, FrameRefused, id_of
from arena.ws.floods import refuse_frame
from arena.ws.following import Following, Log
from arena.ws.outages import through_outages
from arena.ws.presence import tell_presence
from arena.ws.protocol import (
    PONG,
    Frame,
    MessageFrame,
    PayFrame,
    PaymentStateFrame,
    PingFrame,
    PongFrame,
    QuoteFrame,
    ResumeFrame,
    WelcomeFrame,
    error_frame,
)
from persistence import Database

log = structlog.get_logger(__name__)

ASK_TIMEOUT = 15.0
"""Seconds that an answer may take. A payment is answered once it is committed."""
MAX_WORKING = 8
"""Frames of one connection that are being worked on at once."""

Paying: TypeAlias = MessageFrame | PayFrame
"""What an actor is asked; everything else is answered at once."""


def chat(
    services: Services, authenticator: Authenticator, limits: RateLimits, session_id: UUID, address: str
) -> Conversation:
    """The conversation with the session's owner, whose frames are counted by `address`, wallet and session.

    It ends with a `Problem` when the token was revoked, or the session is not there or somebody else's.
    """

    async def converse(connection: Connection) -> None:
        session, head = await through_outages(
            connection, lambda: _admitted(services, authenticator, connection, session_id)
        )
        counted = limits.of_connection(address=address, wallet=session.solver, session=str(session.id))
        with services.presence.playing(session.bot_id, session.solver_id):
            await _Chat(services, connection, session, head, counted).run()

    return converse


async def _admitted(
    services: Services, authenticator: Authenticator, connection: Connection, session_id: UUID
) -> tuple[ChatSession, int]:
    """The session and its newest frame's number."""
    player = connection.identity
    if player is None:
        raise token_missing()
    await authenticator.check_revoked(player)
    session = await sessions.get(services.database, session_id)
    if session is None or session.solver_id != player.user_id:
        # the same answer for both: nobody learns whose sessions there are
        raise not_found("session")
    return session, await events.last_seq(services.database, session.bot_id)


def _log_of(session: ChatSession, actor: ActorRef, database: Database) -> Log:
    async def page(after: int, limit: int) -> list[BotEvent]:
        return await events.for_session(database, session.bot_id, session.id, after=after, limit=limit)

    return Log(
        subscribe=lambda: actor.ask(AttachSession()),
        page=page,
        head=lambda: events.last_seq(database, session.bot_id),
    )


class _Chat:
    def __init__(
        self,
        services: Services,
        connection: Connection,
        session: ChatSession,
        head: int,
        limits: FrameLimits,
    ) -> None:
        self._services = services
        self._limits = limits
        self._connection = connection
        self._session = session
        self._actor = services.session(session.id)
        self._head = head
        self._following = Following(connection, _log_of(session, self._actor, services.database), head)

    async def run(self) -> None:
        """Until the connection is closed."""
        self._connection.send_nowait(
            WelcomeFrame(
                session_id=self._session.id,
                bot_id=self._session.bot_id,
                wallet=self._session.solver,
                seq=self._head,
                max_text_length=self._services.settings.arena_message_max_length,
            ).encode()
        )
        async with trio.open_nursery() as nursery:
            answering = Answering[Paying](
                nursery, self._actor, self._answer, self._refuse, seconds=ASK_TIMEOUT, limit=MAX_WORKING
            )
            nursery.start_soon(self._following.run)
            nursery.start_soon(tell_presence, self._connection, self._services.presence, self._session.bot_id)
            try:
                while True:
                    self._take(answering, await self._connection.receive())
            except ConnectionClosed:
                nursery.cancel_scope.cancel()

    # -- what the client says

    def _take(self, answering: Answering[Paying], data: bytes | str) -> None:
        try:
            self._limits.check_frame()
            frame = CHAT.decode(data)
            if isinstance(frame, Paying):
                self._limits.check_message()
        except FrameRefused as refusal:
            self._connection.send_nowait(error_frame(refusal, refusal.frame_id))
            return
        except Problem as problem:
            refuse_frame(self._connection, self._limits, problem, id_of(data))
            return
        match frame:
            case PingFrame():
                self._connection.send_nowait(PONG)
                return
            case PongFrame():
                return
            case ResumeFrame(after=after):
                self._following.resume(after)
            case MessageFrame():
                self._ask(answering, frame, RequestQuote(frame.id, frame.text))
            case PayFrame():
                self._ask(answering, frame, Pay(frame.id, frame.transaction))
        self._following.spoken()

    def _ask(self, answering: Answering[Paying], frame: Paying, message: RequestQuote | Pay) -> None:
        if not answering.begin(frame, message):
            too_many = busy(f"At most {MAX_WORKING} frames of a connection are worked on at once.")
            self._connection.send_nowait(error_frame(too_many, frame.id))

    def _answer(self, _frame: Paying, answer: Quote | PaymentState) -> None:
        match answer:
            case Quote():
                told: Frame = QuoteFrame(
                    id=answer.client_id,
                    message_id=answer.message_id,
                    amount=answer.amount,
                    valid_until=answer.valid_until,
                    transaction=answer.transaction,
                )
            case PaymentState():
                told = PaymentStateFrame(id=answer.client_id, status=answer.status)
        self._reply(told.encode())

    def _refuse(self, frame: Paying, error: BaseException) -> None:
        problem = as_problem(error)
        if problem is None:
            log.error("a frame could not be answered", session_id=str(self._session.id), exc_info=error)
            problem = internal_error()
        self._reply(error_frame(problem, frame.id))

    def _reply(self, answer: bytes) -> None:
        try:
            self._connection.send_nowait(answer)
        except ConnectionClosed:
            log.debug("an answer came too late", session_id=str(self._session.id))
