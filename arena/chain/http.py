"""Posting to one URL over connections that stay open: as much of HTTP as JSON-RPC needs, with a limit on everything.

A general client costs more than all else that is done for a payment. h11 reads what the node says; whatever is wrong
with it, or on the way, is a `PostFailed`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import h11
import httpx
import trio

MAX_IDLE_SECONDS: Final = 30.0
"""A connection that was not used for so long is not used again: the other side may be about to close it."""
_CHUNK: Final = 65_536

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class PostFailed(Exception):
    """There is no answer. The message names what happened, never the URL, which may hold an API key."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. Header names are in lower case; of repeated headers the last one counts."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class HttpPoster:
    """Posts JSON to `url`. The caller bounds the time, and how many posts are under way.

    Raises:
        ValueError: `url` is no http or https URL.
    """

    def __init__(self, url: str, *, max_response_bytes: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a URL of http or https was expected")
        self._tls = httpx.create_ssl_context(trust_env=False) if parts.scheme == "https" else None
        self._host = parts.hostname
        self._port = parts.port or (80 if self._tls is None else 443)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = [
            ("host", parts.netloc.rpartition("@")[2]),
            ("content-type", "application/json"),
            ("accept-encoding", "identity"),
            ("user-agent", "arena"),
        ]
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers.append(("authorization", f"Basic {base64.b64encode(login.encode()).decode()}"))
        self._max_response_bytes = max_response_bytes
        self._idle: list[_Connection] = []
        self._closed = False

    async def post(self, body: bytes) -> Answer:
        """Post and read the whole answer, whatever its status.

        Raises:
            PostFailed: the connection could not be made or was lost, or what came is no HTTP, or too much.
        """
        connection = await self._connection()
        try:
            answer = await connection.post(self._target, self._headers, body, self._max_response_bytes)
        except BaseException:
            # nobody knows what may still come on it
            await trio.aclose_forcefully(connection.stream)
            raise
        if connection.reusable and not self._closed:
            self._idle.append(connection)
        else:
            await trio.aclose_forcefully(connection.stream)
        return answer

    async def aclose(self) -> None:
        """Close the connections. Posts after this raise."""
        self._closed = True
        while self._idle:
            await trio.aclose_forcefully(self._idle.pop().stream)

    async def _connection(self) -> _Connection:
        if self._closed:
            raise PostFailed("closed")
        while self._idle:
            connection = self._idle.pop()  # the one used last: the others may grow old
            if connection.seems_alive():
                return connection
            await trio.aclose_forcefully(connection.stream)
        try:
            tcp = await trio.open_tcp_stream(self._host, self._port)
        except OSError as error:
            raise PostFailed(type(error).__name__) from error
        if self._tls is None:
            return _Connection(tcp, tcp)
        # the handshake is part of the first post
        return _Connection(
            trio.SSLStream(tcp, self._tls, server_hostname=self._host, https_compatible=True), tcp
        )


class _Connection:
    def __init__(self, stream: Stream, tcp: trio.SocketStream) -> None:
        self.stream = stream
        self._tcp = tcp
        self._http = h11.Connection(h11.CLIENT)
        self._used_at = trio.current_time()

    @property
    def reusable(self) -> bool:
        """Whether the answer was read to its end and another may follow; called once after each."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self._used_at = trio.current_time()
        return True

    def seems_alive(self) -> bool:
        """Nothing can be waiting on an idle connection but its end."""
        fresh = trio.current_time() - self._used_at < MAX_IDLE_SECONDS
        return fresh and not self._tcp.socket.is_readable()

    async def post(
        self, target: str, headers: list[tuple[str, str]], body: bytes, max_response_bytes: int
    ) -> Answer:
        http = self._http
        request = h11.Request(
            method="POST", target=target, headers=[*headers, ("content-length", str(len(body)))]
        )
        received = bytearray()
        response: h11.Response | None = None
        try:
            sent = [http.send(event) or b"" for event in (request, h11.Data(body), h11.EndOfMessage())]
            await self.stream.send_all(b"".join(sent))
            while True:
                match http.next_event():
                    case h11.NEED_DATA:
                        http.receive_data(bytes(await self.stream.receive_some(_CHUNK)))
                    case h11.Response() as response:
                        pass
                    case h11.Data(data=data):
                        received += data
                        if len(received) > max_response_bytes:
                            raise PostFailed(f"an answer of more than {max_response_bytes} bytes")
                    case h11.EndOfMessage() | h11.PAUSED | h11.ConnectionClosed():
                        break
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, h11.ProtocolError) as error:
            raise PostFailed(type(error).__name__) from error
        if response is None:
            raise PostFailed("closed without an answer")
        return Answer(response.status_code, dict(response.headers), bytes(received))
