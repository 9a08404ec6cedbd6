"""A `Connection` straight on a transport.

There is no task but the conversation's: it reads when the conversation does, and writes when that sends. What a client
does not read waits in its transport, up to the limits of an outbox.
"""

from __future__ import annotations

from typing import Any, Final

import trio

from arena.edge.identity import Identity
from arena.front.framing import Framing, text_frame
from arena.front.transport import Transport, TransportClosed
from arena.front.watch import Watch
from arena.ws import held_connection
from arena.ws.connection import (
    MAX_MESSAGE_BYTES,
    OUTBOX_BYTES,
    OUTBOX_FRAMES,
    RESUME,
    CloseCode,
    ConnectionClosed,
    Conversation,
)
from arena.ws.held_connection import HeldConnection

MAX_RECEIVED_AT_ONCE: Final = 32
"""Messages of one client that are handed out before others have their turn."""


class WebsocketConnection(HeldConnection):
    """One accepted websocket.

    Args:
        watch: looks after it while it runs.
        early: what the client sent right after its request.
    """

    def __init__(
        self,
        transport: Transport,
        watch: Watch,
        identity: Identity | None,
        early: bytes = b"",
        **options: Any,
    ) -> None:
        super().__init__(identity, **options)
        self._transport = transport
        self._watch = watch
        self._framing = Framing(MAX_MESSAGE_BYTES)
        transport.unread(early)

    async def receive(self) -> bytes:
        messages, framing, transport = self._framing.messages, self._framing, self._transport
        while not messages:
            if framing.is_over:
                if framing.fault is not None:
                    self.close(CloseCode(framing.fault))  # for the count: the client has been told
                raise ConnectionClosed
            self._listening = True
            try:
                await transport.arrival()
                data = transport.received()
            except TransportClosed:
                raise ConnectionClosed from None
            finally:
                self._listening = False
            if data is None:
                continue
            if not data:
                raise ConnectionClosed
            if answer := framing.receive(data):
                self._answer(answer)
        self._heard += 1
        self._traffic.frames_in += 1
        if not self._heard % MAX_RECEIVED_AT_ONCE:
            await trio.lowlevel.checkpoint()
        return messages.popleft()

    def _answer(self, control: bytes) -> None:
        if not self._has_room():
            self.close(CloseCode.TOO_SLOW, RESUME)  # it pings and does not read
            raise ConnectionClosed
        self._transport.write(control)

    def _offer(self, *frames: bytes) -> bool:
        if self._closing is not None or not self._framing.is_open:
            raise ConnectionClosed
        transport = self._transport
        if transport.pending_since is not None and not self._has_room():
            return False
        transport.write(text_frame(frames[0]) if len(frames) == 1 else b"".join(map(text_frame, frames)))
        self._traffic.frames_out += len(frames)
        return True

    async def send(self, frame: bytes) -> None:
        await trio.lowlevel.checkpoint()
        while not self._offer(frame):
            await self._moved()

    def is_flushed(self) -> bool:
        return self._transport.pending_since is None

    async def flushed(self) -> None:
        await trio.lowlevel.checkpoint()
        while self._transport.pending_since is not None:
            await self._moved()
        if self._closing is not None:
            raise ConnectionClosed

    async def _moved(self) -> None:
        try:
            await self._transport.moved()
        except TransportClosed:
            raise ConnectionClosed from None

    def _has_room(self) -> bool:
        pieces, size = self._transport.pending
        return pieces < OUTBOX_FRAMES and size < OUTBOX_BYTES

    async def run(self, conversation: Conversation) -> None:
        try:
            with self._watch.over(self):
                await self._hold(conversation)
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + held_connection.CLOSE_TIMEOUT):
                await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        """The closing handshake (RFC 6455 §7), after what is still pending; the caller limits its time."""
        code, reason = self._closing or (CloseCode.NORMAL, "")
        self._transport.write(self._framing.close(code, reason))
        try:
            while not self._framing.is_over:
                data = await self._transport.receive()
                if not data:
                    break
                self._transport.write(self._framing.receive(data))
            await self._transport.finish()
        except TransportClosed:
            pass

    def look_after(self, now: float) -> None:
        """See `Watched`."""
        self._look_for_life(now)
        waiting = self._transport.pending_since
        if waiting is not None and now - waiting > held_connection.STALL_TIMEOUT:
            self.close(CloseCode.TOO_SLOW, RESUME)
            self._transport.abort()
