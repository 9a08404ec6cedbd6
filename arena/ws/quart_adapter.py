"""A `Connection` on Quart's websockets, for any ASGI server.

One task writes what the outbox holds; another watches that the writer gets on, since a send can neither be
cancelled nor timed out on hypercorn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
import trio
from quart.wrappers import Websocket

from arena.edge.identity import Identity
from arena.ws import held_connection
from arena.ws.connection import RESUME, CloseCode, ConnectionClosed, Conversation, Outbox
from arena.ws.held_connection import HeldConnection
from arena.ws.hypercorn_stream import abort, tcp_stream, watch_peer

log = structlog.get_logger(__name__)


class QuartConnection(HeldConnection):
    """One accepted websocket."""

    def __init__(self, websocket: Websocket, identity: Identity | None, **options: Any) -> None:
        super().__init__(identity, **options)
        self._websocket = websocket
        self._outbox = Outbox()
        self._writer = trio.CancelScope(shield=True)
        self._sending_since: float | None = None
        self._written = trio.Event()

    async def receive(self) -> bytes | str:
        self._listening = True
        try:
            # quart hands on None for an empty binary frame
            frame = await self._websocket.receive() or b""
            self._heard += 1
            self._traffic.frames_in += 1
            return frame
        finally:
            self._listening = False

    def _offer(self, *frames: bytes) -> bool:
        return self._outbox.offer(*frames)

    async def send(self, frame: bytes) -> None:
        await self._outbox.put(frame)

    def is_flushed(self) -> bool:
        return not len(self._outbox)

    async def flushed(self) -> None:
        await self._outbox.flushed()

    def _begin_closing(self) -> None:
        self._outbox.close()

    async def run(self, conversation: Conversation) -> None:
        if (stream := tcp_stream(self._websocket._send)) is not None:
            watch_peer(stream.socket)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            nursery.start_soon(self._watch)
            await self._hold(conversation)

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
                with trio.move_on_after(held_connection.WATCH_INTERVAL):
                    await self._written.wait()
                    return
                now = trio.current_time()
                self._look_for_life(now)
                if self._is_stuck(now):
                    self.close(CloseCode.TOO_SLOW, RESUME)
                    await self._abort()
                    self._writer.cancel()
                    return

    def _is_stuck(self, now: float) -> bool:
        stalled = (
            self._sending_since is not None and now - self._sending_since > held_connection.STALL_TIMEOUT
        )
        late = self._closing_since is not None and now - self._closing_since > held_connection.CLOSE_TIMEOUT
        return stalled or late

    async def _abort(self) -> None:
        stream = tcp_stream(self._websocket._send)
        if stream is not None:
            await abort(stream)
