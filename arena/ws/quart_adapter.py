"""A `Connection` on Quart's websockets, for any ASGI server.

One task writes what the outbox holds; another watches that the writer gets on, since a send can neither be
cancelled nor timed out on hypercorn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from math import inf
from time import time

import structlog
import trio
from quart.wrappers import Websocket

from arena.edge.identity import Identity
from arena.game.traffic import Traffic
from arena.problems import Problem
from arena.ws.connection import RESUME, CloseCode, ConnectionClosed, Conversation, Outbox
from arena.ws.hypercorn_stream import abort, tcp_stream, watch_peer
from arena.ws.protocol import PING, error_frame

log = structlog.get_logger(__name__)

STALL_TIMEOUT = 10.0
"""Seconds that one frame may take to be taken off our hands."""
CLOSE_TIMEOUT = 5.0
"""Seconds from closing until what is still queued has been sent, or is given up."""
WATCH_INTERVAL = 1.0


class QuartConnection:
    """One accepted websocket. `run` serves it until it is over.

    Args:
        identity: None for a client that is not signed in.
        ping_after: seconds of a client's silence after which it is asked whether it is there.
        idle_after: seconds of silence after which it is left.
        traffic: counts the connection, and its frames.
        clock: Unix seconds.
    """

    def __init__(
        self,
        websocket: Websocket,
        identity: Identity | None,
        *,
        ping_after: float = inf,
        idle_after: float = inf,
        traffic: Traffic | None = None,
        clock: Callable[[], float] = time,
    ) -> None:
        self._websocket = websocket
        self._identity = identity
        self._outbox = Outbox()
        self._ping_after = ping_after
        self._idle_after = idle_after
        self._clock = clock
        self._traffic = traffic or Traffic()
        self._listening_since: float | None = None
        self._pinged = False
        self._conversation = trio.CancelScope()
        self._writer = trio.CancelScope(shield=True)
        self._closing: tuple[CloseCode, str] | None = None
        self._closing_since: float | None = None
        self._sending_since: float | None = None
        self._written = trio.Event()

    @property
    def identity(self) -> Identity | None:
        return self._identity

    async def receive(self) -> bytes | str:
        # silence counts only while somebody listens: what has come before that is not lost on the way
        self._listening_since = trio.current_time()
        self._pinged = False
        try:
            # quart hands on None for an empty binary frame
            frame = await self._websocket.receive() or b""
            self._traffic.frames_in += 1
            return frame
        finally:
            self._listening_since = None

    def send_nowait(self, frame: bytes) -> None:
        if not self._outbox.offer(frame):
            self.close(CloseCode.TOO_SLOW, RESUME)
            raise ConnectionClosed

    async def send(self, frame: bytes) -> None:
        await self._outbox.put(frame)

    async def flushed(self) -> None:
        await self._outbox.flushed()

    def close(self, code: CloseCode, reason: str = "") -> None:
        """As `Connection.close`; also ends the conversation, whichever task calls it."""
        if self._closing is None:
            self._closing = (code, reason)
            self._closing_since = trio.current_time()
            self._outbox.close()
            self._conversation.cancel()

    async def run(self, conversation: Conversation) -> None:
        """Hold the conversation, then close. Ends early when the client leaves or the token runs out.

        A `Problem` that ends the conversation is told to the client, and the connection closed with 4000
        plus its status; any other exception closes it with 1011 and is logged.
        """
        if (stream := tcp_stream(self._websocket._send)) is not None:
            watch_peer(stream)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            nursery.start_soon(self._watch)
            self._traffic.connections += 1
            try:
                await self._hold(conversation)
            finally:
                self._traffic.connections -= 1
                # cancelled: the client has left, or the server stops and the client shall know
                if trio.current_effective_deadline() == -inf:
                    self.close(CloseCode.GOING_AWAY, RESUME)
                self.close(CloseCode.NORMAL)

    async def _hold(self, conversation: Conversation) -> None:
        if self._identity is not None:
            self._conversation.deadline = trio.current_time() + self._identity.expires_at - self._clock()
        try:
            with self._conversation:
                await conversation(self)
        except ConnectionClosed:
            pass
        except Problem as problem:
            self._refuse(problem)
        except Exception:
            log.exception("a websocket conversation crashed", who=self._identity and self._identity.wallet)
            self.close(CloseCode.INTERNAL_ERROR, RESUME)
        if self._conversation.cancelled_caught and self._closing is None:
            self.close(CloseCode.UNAUTHORIZED, "token_expired")

    def _refuse(self, problem: Problem) -> None:
        if self._closing is None:
            self._outbox.offer(error_frame(problem))
            self.close(close_code(problem), problem.code)

    async def _write(self) -> None:
        # shielded: after a cancellation what is queued and the close frame still go out; _watch
        # ends it in time
        try:
            with self._writer:
                while (frame := await self._outbox.take()) is not None:
                    await self._send(partial(self._websocket.send, frame.decode()))
                    self._traffic.frames_out += 1
                code, reason = self._closing or (CloseCode.NORMAL, "")
                await self._send(partial(self._websocket.close, code, reason))
        except ConnectionClosed:
            pass
        finally:
            self._written.set()

    async def _send(self, send: Callable[[], Awaitable[None]]) -> None:
        """One send. A connection that can send no more is over."""
        self._sending_since = trio.current_time()
        try:
            await send()
        except Exception as error:
            log.debug("a websocket cannot send", error=repr(error))
            self.close(CloseCode.INTERNAL_ERROR, RESUME)
            await self._abort()
            raise ConnectionClosed from error
        finally:
            self._sending_since = None
        # a send on a dead connection may be no checkpoint at all
        await trio.lowlevel.checkpoint()

    async def _watch(self) -> None:
        with trio.CancelScope(shield=True):
            while not self._written.is_set():
                with trio.move_on_after(WATCH_INTERVAL):
                    await self._written.wait()
                    return
                now = trio.current_time()
                self._look_for_life(now)
                stalled = self._sending_since is not None and now - self._sending_since > STALL_TIMEOUT
                late = self._closing_since is not None and now - self._closing_since > CLOSE_TIMEOUT
                if stalled or late:
                    self.close(CloseCode.TOO_SLOW, RESUME)
                    await self._abort()
                    self._writer.cancel()
                    return

    def _look_for_life(self, now: float) -> None:
        """Ask a silent client whether it is there, and leave it if it does not answer."""
        silent = 0.0 if self._listening_since is None else now - self._listening_since
        if self._closing is not None:
            return
        if silent >= self._idle_after:
            self.close(CloseCode.IDLE, RESUME)
        elif silent >= self._ping_after and not self._pinged:
            self._pinged = True
            self._outbox.offer(PING)  # when the outbox is full, it is the writer that finds out

    async def _abort(self) -> None:
        stream = tcp_stream(self._websocket._send)
        if stream is not None:
            await abort(stream)


def close_code(problem: Problem) -> CloseCode:
    """With what a connection is closed that this problem ends."""
    try:
        return CloseCode(4000 + problem.status)
    except ValueError:
        return CloseCode.INTERNAL_ERROR


async def refuse(websocket: Websocket, problem: Problem) -> None:
    """Tell an accepted client why it may not stay."""
    with trio.move_on_after(CLOSE_TIMEOUT):
        await websocket.send(error_frame(problem).decode())
        await websocket.close(close_code(problem), problem.code)
