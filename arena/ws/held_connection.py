"""What every adapter does with its connection: hold the conversation, notice that nobody is there, close."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from http import HTTPStatus
from math import inf
from time import time

import structlog
import trio

from arena.edge.identity import Identity
from arena.game.traffic import Traffic
from arena.problems import Problem
from arena.ws.connection import RESUME, CloseCode, ConnectionClosed, Conversation
from arena.ws.protocol import PING, error_frame

log = structlog.get_logger(__name__)

STALL_TIMEOUT = 10.0
"""Seconds in which a client has to take something of what waits for it."""
CLOSE_TIMEOUT = 5.0
"""Seconds from closing until what is still queued has been sent, or is given up."""
WATCH_INTERVAL = 1.0
"""Seconds between two looks at a connection."""


class HeldConnection(ABC):
    """A `Connection` with its one conversation. `run` serves it until it is over.

    Args:
        identity: None for a client that is not signed in.
        ping_after: seconds of a client's silence after which it is asked whether it is there.
        idle_after: seconds of silence after which it is left.
        traffic: counts the connection, and its frames.
        clock: Unix seconds.
    """

    def __init__(
        self,
        identity: Identity | None,
        *,
        ping_after: float = inf,
        idle_after: float = inf,
        traffic: Traffic | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self._identity = identity
        self._ping_after = ping_after
        self._idle_after = idle_after
        self._clock = clock
        self._traffic = traffic or Traffic()
        # silence counts only while somebody listens: what has come before that is not lost on the way
        self._listening = False
        self._heard = 0  # grows with each message
        self._heard_before = 0  # when it was last looked for life, and since when it is the same
        self._silent_since = trio.current_time()
        self._pinged = False
        self._conversation = trio.CancelScope()
        self._closing: tuple[CloseCode, str] | None = None
        self._closing_since: float | None = None

    @property
    def identity(self) -> Identity | None:
        return self._identity

    @abstractmethod
    async def receive(self) -> bytes | str: ...

    @abstractmethod
    async def send(self, frame: bytes) -> None: ...

    @abstractmethod
    def is_flushed(self) -> bool: ...

    @abstractmethod
    async def flushed(self) -> None: ...

    @abstractmethod
    async def run(self, conversation: Conversation) -> None:
        """Hold the conversation, then close. Ends early when the client leaves or the token runs out."""

    @abstractmethod
    def _offer(self, *frames: bytes) -> bool:
        """Queue the frames; False: there is no room. Raises `ConnectionClosed`."""

    def _begin_closing(self) -> None:  # noqa: B027 -- not every adapter has to
        """Queue nothing more."""

    def send_nowait(self, *frames: bytes) -> None:
        if not self._offer(*frames):
            self.close(CloseCode.TOO_SLOW, RESUME)
            raise ConnectionClosed

    def close(self, code: CloseCode, reason: str = "") -> None:
        """As `Connection.close`; also ends the conversation, whichever task calls it."""
        if self._closing is None:
            self._closing = (code, reason)
            self._closing_since = trio.current_time()
            self._begin_closing()
            self._conversation.cancel()

    async def _hold(self, conversation: Conversation) -> None:
        """Until it is over; then a close has begun."""
        if self._identity is not None:
            self._conversation.deadline = trio.current_time() + self._identity.expires_at - self._clock()
        self._traffic.connections += 1
        try:
            # a task of its own: each frame that comes resumes every coroutine that is awaited for it
            with self._conversation:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._converse, conversation)
        finally:
            self._traffic.connections -= 1
            if self._conversation.cancelled_caught and self._closing is None:
                self.close(CloseCode.UNAUTHORIZED, "token_expired")
            # cancelled: the client has left, or the server stops and the client shall know
            if trio.current_effective_deadline() == -inf:
                self.close(CloseCode.GOING_AWAY, RESUME)
            self.close(CloseCode.NORMAL)
            if self._closing is not None:
                self._traffic.closed[self._closing[0]] += 1

    async def _converse(self, conversation: Conversation) -> None:
        """A `Problem` that ends the conversation is told to the client, and the connection closed with 4000 plus its
        status; any other exception closes it with 1011 and is logged.
        """
        try:
            await conversation(self)
        except ConnectionClosed:
            pass
        except Problem as problem:
            self._refuse(problem)
        except Exception:
            log.exception("a websocket conversation crashed", who=self._identity and self._identity.wallet)
            self.close(CloseCode.INTERNAL_ERROR, RESUME)

    def _refuse(self, problem: Problem) -> None:
        if self._closing is None:
            self._offer(error_frame(problem))
            self.close(close_code(problem), problem.code)

    def _look_for_life(self, now: float) -> None:
        """Ask a silent client whether it is there, and leave it if it does not answer."""
        if self._closing is not None:
            return
        if not self._listening or self._heard != self._heard_before:
            self._heard_before = self._heard
            self._silent_since = now
            self._pinged = False
            return
        silent = now - self._silent_since
        if silent >= self._idle_after:
            self.close(CloseCode.IDLE, RESUME)
        elif silent >= self._ping_after and not self._pinged:
            self._pinged = True
            self._offer(PING)  # when there is no room, it is noticed that nothing is taken


def close_code(problem: Problem) -> CloseCode:
    """With what a connection is closed that this problem ends."""
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return CloseCode.TRY_AGAIN_LATER
    try:
        return CloseCode(4000 + problem.status)
    except ValueError:
        return CloseCode.INTERNAL_ERROR
