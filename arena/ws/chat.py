"""The conversation of `/ws/chats/{session_id}`: one player, one bot.

Two things go on at once. `_Chat.run` reads the client's frames and answers them; `_Chat._stream` sends what
happens in the session: it subscribes first, then replays the log from the last frame the client has, then
goes on live. Whatever interrupts it (the subscription lags, the actor starts anew, the database is away),
it starts over from the last frame sent, so that a client sees every durable frame once and in order.
"""

from __future__ import annotations

from uuid import UUID

import structlog
import trio

from actors import SubscriberLagged, Subscription
from arena.edge.authentication import Authenticator
from arena.edge.failures import as_problem, busy
from arena.edge.rate_limits import FrameLimits, RateLimits
from arena.game.messages import AttachSession, Pay, Published, RequestQuote
from arena.game.services import Services
from arena.problems import Problem, not_found
from arena.store import events, sessions
from arena.store.sessions import ChatSession
from arena.ws.backoff import Backoff
from arena.ws.connection import CloseCode, Connection, ConnectionClosed, Conversation
from arena.ws.protocol import (
    PONG,
    FrameRefused,
    MessageFrame,
    PayFrame,
    PaymentStateFrame,
    PingFrame,
    QuoteFrame,
    ResumeFrame,
    WelcomeFrame,
    decode,
    error_frame,
    id_of,
)

log = structlog.get_logger(__name__)

ASK_TIMEOUT = 15.0
"""Seconds that an answer may take. A payment is answered once it is committed."""
QUERY_TIMEOUT = 10.0
MAX_WORKING = 8
"""Frames of one connection that are being worked on at once."""
RESUME_GRACE = 1.0
"""Seconds that a new client has to say from where it resumes; then it gets what is new since it connected."""
REPLAY_PAGE = 200
"""Frames read from the log at once."""
MIN_PAUSE = 0.05
"""Seconds between two replays: what resuming over and over can cost."""
STEADY = 2.0
"""Seconds after which a subscription that ends is not the sequel of the last failure."""


def chat(
    services: Services, authenticator: Authenticator, limits: RateLimits, session_id: UUID, address: str
) -> Conversation:
    """The conversation with the session's owner, whose frames are counted by `address`, wallet and session.

    It ends with a `Problem` when the token was revoked, or the session is not there or somebody else's.
    """

    async def converse(connection: Connection) -> None:
        session, head = await _admitted(services, authenticator, connection, session_id)
        counted = limits.of_connection(
            address=address, wallet=connection.identity.wallet, session=str(session.id)
        )
        await _Chat(services, connection, session, head, counted).run()

    return converse


async def _admitted(
    services: Services, authenticator: Authenticator, connection: Connection, session_id: UUID
) -> tuple[ChatSession, int]:
    """The session and its newest frame's number. Waits through an outage of the database, and says so."""
    backoff = Backoff()
    while True:
        try:
            with trio.fail_after(QUERY_TIMEOUT):
                await authenticator.check_revoked(connection.identity)
                session = await sessions.get(services.database, session_id)
                if session is None or session.solver_id != connection.identity.user_id:
                    # the same answer for both: nobody learns whose sessions there are
                    raise not_found("session")  # noqa: TRY301
                return session, await events.last_seq(services.database, session.bot_id)
        except Exception as error:  # noqa: BLE001 -- what is no outage is raised again
            problem = _outage(error)
            if backoff.fresh:
                connection.send_nowait(error_frame(problem))
            await backoff.wait()


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
        self._cursor = head  # the last durable frame sent, or that the client says it has
        self._resumed = False  # the cursor is what the client says, and not checked yet
        self._told = False  # the client knows of the present outage
        self._spoken = trio.Event()  # the client has sent something
        self._streaming = trio.CancelScope()
        self._working = 0

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
            nursery.start_soon(self._stream)
            try:
                while True:
                    self._take(nursery, await self._connection.receive())
            except ConnectionClosed:
                nursery.cancel_scope.cancel()

    # -- what the client says

    def _take(self, nursery: trio.Nursery, data: bytes | str) -> None:
        try:
            self._limits.check_frame()
            frame = decode(data)
            if isinstance(frame, MessageFrame | PayFrame):
                self._limits.check_message()
        except FrameRefused as refusal:
            self._connection.send_nowait(error_frame(refusal, refusal.frame_id))
            return
        except Problem as problem:
            self._refuse(problem, id_of(data))
            return
        match frame:
            case PingFrame():
                self._connection.send_nowait(PONG)
                return
            case ResumeFrame(after=after):
                self._resume(after)
            case MessageFrame() | PayFrame() if self._working >= MAX_WORKING:
                too_many = busy(f"At most {MAX_WORKING} frames of a connection are worked on at once.")
                self._connection.send_nowait(error_frame(too_many, frame.id))
            case MessageFrame() | PayFrame():
                self._working += 1
                nursery.start_soon(self._work, frame)
        self._spoken.set()

    def _refuse(self, too_many: Problem, frame_id: UUID | None) -> None:
        self._connection.send_nowait(error_frame(too_many, frame_id))
        if self._limits.is_flood():
            self._connection.close(CloseCode.POLICY_VIOLATION, too_many.code)

    def _resume(self, after: int) -> None:
        self._cursor = after
        self._resumed = True
        self._streaming.cancel()

    async def _work(self, frame: MessageFrame | PayFrame) -> None:
        try:
            with trio.fail_after(ASK_TIMEOUT):
                answer = await self._answer(frame)
        except Exception as error:
            problem = as_problem(error)
            if problem is None:
                log.exception("a frame could not be answered", session_id=str(self._session.id))
                problem = Problem(
                    "internal_error", "Something went wrong", 500, "This is our fault. Try again."
                )
            answer = error_frame(problem, frame.id)
        finally:
            self._working -= 1
        try:
            self._connection.send_nowait(answer)
        except ConnectionClosed:
            log.debug("an answer came too late", session_id=str(self._session.id))

    async def _answer(self, frame: MessageFrame | PayFrame) -> bytes:
        match frame:
            case MessageFrame():
                quote = await self._actor.ask(RequestQuote(frame.id, frame.text))
                return QuoteFrame(
                    id=quote.client_id,
                    message_id=quote.message_id,
                    amount=quote.amount,
                    valid_until=quote.valid_until,
                    transaction=quote.transaction,
                ).encode()
            case PayFrame():
                state = await self._actor.ask(Pay(frame.id, frame.transaction))
                return PaymentStateFrame(id=state.client_id, status=state.status).encode()

    # -- what happens

    async def _stream(self) -> None:
        with trio.move_on_after(RESUME_GRACE):
            await self._spoken.wait()
        backoff = Backoff()
        try:
            while True:
                with trio.CancelScope() as self._streaming:
                    await self._follow_once(backoff)
                await trio.sleep(MIN_PAUSE)
        except ConnectionClosed:
            log.debug("a connection was closed while frames came", session_id=str(self._session.id))

    async def _follow_once(self, backoff: Backoff) -> None:
        """Follow, and wait a little after a failure or an early end; tell the client of an outage, once."""
        began = trio.current_time()
        try:
            await self._follow()
        except ConnectionClosed:
            raise
        except Exception as error:  # noqa: BLE001 -- what is no outage is raised again
            problem = _outage(error)
            if not self._told:
                self._told = True
                self._connection.send_nowait(error_frame(problem))
        if trio.current_time() - began >= STEADY:
            backoff.reset()
        await backoff.wait()

    async def _follow(self) -> None:
        """Everything after the cursor, until the subscription ends."""
        with trio.fail_after(ASK_TIMEOUT):
            subscription: Subscription[Published] = await self._actor.ask(AttachSession())
        try:
            await self._replay()
            self._told = False
            async for published in subscription:
                if published.seq is None:
                    self._connection.send_nowait(published.frame)
                elif published.seq > self._cursor:
                    self._connection.send_nowait(published.frame)
                    self._cursor = published.seq
        except SubscriberLagged:
            log.debug("a subscription lagged", session_id=str(self._session.id))
        finally:
            subscription.close()

    async def _replay(self) -> None:
        if self._resumed:
            await self._check_cursor()
        while True:
            with trio.fail_after(QUERY_TIMEOUT):
                page = await events.for_session(
                    self._services.database,
                    self._session.bot_id,
                    self._session.id,
                    after=self._cursor,
                    limit=REPLAY_PAGE,
                )
            for event in page:
                # waits for room in the outbox: a long replay goes at the client's pace
                await self._connection.send(event.frame)
                self._cursor = event.seq
            if len(page) < REPLAY_PAGE:
                return

    async def _check_cursor(self) -> None:
        """A client that is ahead of the log would never be sent anything again."""
        with trio.fail_after(QUERY_TIMEOUT):
            head = await events.last_seq(self._services.database, self._session.bot_id)
        self._resumed = False
        if self._cursor > head:
            self._cursor = head
            problem = Problem(
                "seq_unknown", "No such frame", 409, f"The newest frame is {head}; going on from there."
            )
            await self._connection.send(error_frame(problem))


def _outage(error: Exception) -> Problem:
    """The problem of something that will pass. Raises anything else again."""
    problem = as_problem(error)
    if problem is None or problem.status < 500:
        raise error
    return problem
