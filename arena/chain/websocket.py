"""A websocket to a node (RFC 6455): as much of a client as subscriptions need, with a limit on everything.

The library `websockets` speaks the protocol, without I/O. What comes all the time, a text in one frame, is taken out of
the bytes right here, in a seventh of the time; every other frame goes through the library, each in one piece, so that
it stands between two frames whenever it is asked. `arena/front/framing.py` does the same for a server.
https://datatracker.ietf.org/doc/html/rfc6455#section-5.2 has the layout.
"""

from __future__ import annotations

import logging
import re
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
import trio
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.uri import WebSocketURI

RECEIVE_BYTES: Final = 16 * 1024
"""Read at once."""
MAX_FRAMES_AT_ONCE: Final = 64
"""Frames that are looked at before other tasks have their turn."""
MAX_HEAD_BYTES: Final = 65_536
CLOSE_SECONDS: Final = 1.0
_SILENT: Final = logging.Logger("arena.chain.websocket", level=logging.CRITICAL)  # it would log the URL
_VISIBLE: Final = re.compile("[!-~]+")
_BROKEN: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)
_WHOLE_TEXT: Final = 0x81

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class HandshakeError(Exception):
    """There is no websocket. The message never names the URL, which may hold an API key."""


class ConnectionRejected(HandshakeError):
    """The other side opens no websocket for us, and says so."""


class ConnectionTimeout(HandshakeError):
    """It took too long."""


class ConnectionClosed(Exception):
    """Nothing more will come: the other side has closed, is gone, or has broken the rules."""


class WebsocketAddress:
    """Where to connect to.

    Args:
        url: ws or wss. A login in it is sent as Basic authorization.

    Raises:
        ValueError: `url` is no websocket URL.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname or not _VISIBLE.fullmatch(url):
            raise ValueError("a websocket URL (ws:// or wss://) was expected")
        self._tls = httpx.create_ssl_context(trust_env=False) if parts.scheme == "wss" else None
        self._uri = WebSocketURI(
            secure=self._tls is not None,
            host=parts.hostname,
            port=parts.port or (80 if self._tls is None else 443),
            path=parts.path,
            query=parts.query,
            username=None if parts.username is None else unquote(parts.username),
            password=unquote(parts.password or ""),
        )

    async def connect(self, *, timeout: float, max_message_bytes: int) -> Websocket:
        """Open a websocket, which the caller closes.

        Args:
            timeout: seconds for all of it.
            max_message_bytes: of a message of the other side, in however many frames.

        Raises:
            HandshakeError: there is nobody, or nobody who is to be trusted or opens websockets.
        """
        try:
            with trio.fail_after(timeout):
                return await self._connect(max_message_bytes)
        except trio.TooSlowError:
            raise ConnectionTimeout from None

    async def _connect(self, max_message_bytes: int) -> Websocket:
        host = self._uri.host
        try:
            tcp = await trio.open_tcp_stream(host, self._uri.port)
        except OSError as error:
            raise HandshakeError("cannot connect") from error
        stream: Stream = tcp
        if self._tls is not None:  # the handshake is part of the first send
            stream = trio.SSLStream(tcp, self._tls, server_hostname=host, https_compatible=True)
        try:
            # no extensions are offered: no compression
            protocol = ClientProtocol(self._uri, max_size=max_message_bytes, logger=_SILENT)
            early = await _shake_hands(stream, protocol)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return Websocket(stream, protocol, max_message_bytes, early)


class Websocket:
    """An open one. One task receives; others may send and ping meanwhile.

    Args:
        early: what came right after the handshake.
    """

    def __init__(
        self, stream: Stream, protocol: ClientProtocol, max_message_bytes: int, early: bytes
    ) -> None:
        self._stream = stream
        self._protocol = protocol
        self._max_message = max_message_bytes
        self._received = early
        self._unread = bool(early)  # there may be whole frames in what was received
        self._fragments: bytearray | None = None  # of a message that is still to be completed
        self._sending = trio.Lock()
        self._pings = 0
        self._pong = trio.Event()  # the last ping was answered

    async def send(self, text: str) -> None:
        """Send a message.

        Raises:
            ConnectionClosed: it is not sure to have arrived.
        """
        if self._protocol.state is not State.OPEN:
            raise ConnectionClosed
        self._protocol.send_text(text.encode())
        await self._flush()

    async def receive(self) -> list[bytes]:
        """The next messages, at least one: all in what has come, or some of them. A checkpoint.

        Text and binary are not told apart, and whether text is UTF-8 is left to whoever reads it.

        Raises:
            ConnectionClosed: what came before was returned.
        """
        while True:
            if self._protocol.writes:  # pongs, or why the other side is left
                await self._flush()
            if self._protocol.state is not State.OPEN:
                raise ConnectionClosed
            if self._unread:
                await trio.lowlevel.checkpoint()
            else:
                await self._read()
            if messages := self._take():
                return messages

    async def ping(self) -> None:
        """Wait until the other side has answered a ping: nobody else pings, and the caller bounds the time.

        Raises:
            ConnectionClosed: it cannot be asked.
        """
        self._pings += 1
        self._pong = trio.Event()
        self._protocol.send_ping(b"%d" % self._pings)
        await self._flush()
        await self._pong.wait()

    async def aclose(self) -> None:
        """Close, and say so if that is possible within `CLOSE_SECONDS`."""
        try:
            with trio.move_on_after(CLOSE_SECONDS):
                if self._protocol.state is State.OPEN:
                    self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                await self._flush()
        except ConnectionClosed:
            pass
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _read(self) -> None:
        try:
            data = await self._stream.receive_some(RECEIVE_BYTES)
        except _BROKEN as error:
            raise ConnectionClosed from error
        if not data:
            raise ConnectionClosed
        self._received = self._received + data if self._received else bytes(data)

    def _take(self) -> list[bytes]:
        """The messages in the next frames that are there as a whole."""
        messages: list[bytes] = []
        buffer, place, end = self._received, 0, len(self._received)
        self._unread = False
        for _ in range(MAX_FRAMES_AT_ONCE):
            if end - place < 2:
                break
            length, start = buffer[place + 1], place + 2
            if length == 126:
                if end - place < 4:
                    break
                length, start = buffer[place + 2] << 8 | buffer[place + 3], place + 4
            elif length == 127:
                if end - place < 10:
                    break
                length, start = int.from_bytes(buffer[place + 2 : place + 10], "big"), place + 10
            elif length > 127:  # masked
                self._hand_over(buffer[place:])
                break
            if length > self._max_message:  # the rest is not waited for
                self._hand_over(buffer[place:start])
                break
            stop = start + length
            if stop > end:
                break
            if buffer[place] == _WHOLE_TEXT and self._fragments is None:
                messages.append(buffer[start:stop])
            else:
                message = self._hand_over(buffer[place:stop])
                if message is not None:
                    messages.append(message)
                if self._protocol.state is not State.OPEN:
                    break
            place = stop
        else:
            self._unread = True
        self._received = buffer[place:]
        return messages

    def _hand_over(self, frame: bytes) -> bytes | None:
        """Give a frame to the library. Returns the message that it completes."""
        self._protocol.receive_data(frame)
        for event in self._protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode is Opcode.PONG and event.data == b"%d" % self._pings:
                self._pong.set()
            elif event.opcode in DATA_OPCODES:
                fragments = self._fragments or bytearray()
                fragments += event.data
                self._fragments = None if event.fin else fragments
                if event.fin:
                    return bytes(fragments)
        return None

    async def _flush(self) -> None:
        async with self._sending:
            data = b"".join(self._protocol.data_to_send())
            if not data:
                return
            try:
                await self._stream.send_all(data)
            except _BROKEN as error:
                raise ConnectionClosed from error


async def _shake_hands(stream: Stream, protocol: ClientProtocol) -> bytes:
    """The opening handshake. Returns what came after the other side's part of it."""
    protocol.send_request(protocol.connect())
    received = bytearray()
    end = -1
    try:
        await stream.send_all(b"".join(protocol.data_to_send()))
        while end < 0:
            if len(received) > MAX_HEAD_BYTES:
                raise HandshakeError("an endless head")
            data = await stream.receive_some(RECEIVE_BYTES)
            if not data:
                raise HandshakeError("closed before the end of the handshake")
            searched = max(0, len(received) - 3)
            received += data
            end = received.find(b"\r\n\r\n", searched)
    except _BROKEN as error:
        raise HandshakeError(type(error).__name__) from error
    head, early = bytes(received[: end + 4]), bytes(received[end + 4 :])
    # frames are not for the library to read
    protocol.receive_data(head)
    protocol.events_received()
    refusal = protocol.handshake_exc
    if protocol.state is State.OPEN:
        return early
    if refusal is None or isinstance(refusal, InvalidStatus):  # None: it waits for the page that tells why
        raise ConnectionRejected("no websocket is opened")
    raise HandshakeError("an answer that opens no websocket") from refusal
