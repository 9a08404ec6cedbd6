"""Posting to one URL over connections that stay open: as much of HTTP as JSON-RPC needs, with a limit on everything.

A general client costs more than all else that is done for a payment. Whatever is wrong with an answer, or on the way,
is a `PostFailed`: of what RFC 9112 lets a server say, only what cannot be misunderstood is taken.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
import trio

MAX_IDLE_SECONDS: Final = 30.0
"""A connection that was not used for so long is not used again: the other side may be about to close it."""
MAX_HEAD_BYTES: Final = 65_536
_CHUNK: Final = 65_536
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")
_VISIBLE: Final = re.compile("[ -~]+")
_FRAMING: Final = (b"content-length", b"transfer-encoding")

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
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [
            f"POST {target} HTTP/1.1",
            f"host: {parts.netloc.rpartition('@')[2]}",
            "content-type: application/json",
            "accept-encoding: identity",
            "user-agent: arena",
        ]
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers.append(f"authorization: Basic {base64.b64encode(login.encode()).decode()}")
        if " " in target or any(not _VISIBLE.fullmatch(line) for line in headers):
            raise ValueError("an http URL of visible ASCII characters was expected")
        self._head = "\r\n".join(headers).encode() + b"\r\ncontent-length: "
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
            request = b"%b%d\r\n\r\n%b" % (self._head, len(body), body)
            answer = await connection.post(request, self._max_response_bytes)
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
            raise PostFailed("cannot connect") from error
        if self._tls is None:
            return _Connection(tcp, tcp)
        # the handshake is part of the first post
        return _Connection(
            trio.SSLStream(tcp, self._tls, server_hostname=self._host, https_compatible=True), tcp
        )


class _Connection:
    def __init__(self, stream: Stream, tcp: trio.SocketStream) -> None:
        self.stream = stream
        self.reusable = False
        """The last answer was read to its end, and another may follow."""
        self._tcp = tcp
        self._received = bytearray()
        self._used_at = trio.current_time()

    def seems_alive(self) -> bool:
        """Nothing can be waiting on an idle connection but its end."""
        fresh = trio.current_time() - self._used_at < MAX_IDLE_SECONDS
        return fresh and not self._received and not self._tcp.socket.is_readable()

    async def post(self, request: bytes, max_response_bytes: int) -> Answer:
        self.reusable = False
        try:
            await self.stream.send_all(request)
            status, version, headers = await self._head()
            while status in range(100, 200):
                status, version, headers = await self._head()
            body = await self._body(headers, max_response_bytes)
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PostFailed(type(error).__name__) from error
        whole = b"content-length" in headers or b"transfer-encoding" in headers
        closes = b"close" in headers.get(b"connection", b"" if version == b"HTTP/1.1" else b"close").lower()
        self.reusable = whole and not closes
        self._used_at = trio.current_time()
        return Answer(status, headers, body)

    async def _head(self) -> tuple[int, bytes, dict[bytes, bytes]]:
        first, *lines = (await self._until(b"\r\n\r\n")).split(b"\r\n")
        version, status, *_ = *first.split(b" ", 2), b""
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or not status.isdigit() or len(status) != 3:
            raise PostFailed("an answer that is no HTTP")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            name, value = name.lower(), value.strip()
            # whatever frames the body must be there once: two readings of one answer are one too many
            if not colon or name != name.strip() or (name in _FRAMING and name in headers):
                raise PostFailed("an answer with a malformed header")
            headers[name] = value
        if headers.keys() >= set(_FRAMING):
            raise PostFailed("an answer with a malformed header")
        return int(status), version, headers

    async def _body(self, headers: dict[bytes, bytes], limit: int) -> bytes:
        if (coding := headers.get(b"transfer-encoding")) is not None:
            if coding.lower() != b"chunked":
                raise PostFailed("an answer in an unknown coding")
            return await self._chunks(limit)
        if (length := headers.get(b"content-length")) is not None:
            if not length.isdigit() or len(length) > 18:
                raise PostFailed("an answer with a malformed header")
            return await self._exactly(int(length), limit)
        while len(self._received) <= limit and await self._more():
            pass
        return await self._exactly(len(self._received), limit)

    async def _chunks(self, limit: int) -> bytes:
        body = bytearray()
        while True:
            size = (await self._until(b"\r\n")).partition(b";")[0].strip()
            if not _CHUNK_SIZE.fullmatch(size):
                raise PostFailed("an answer with a malformed chunk")
            if int(size, 16) == 0:
                while await self._until(b"\r\n"):
                    pass  # trailers
                return bytes(body)
            body += await self._exactly(int(size, 16), limit - len(body))
            if await self._until(b"\r\n"):
                raise PostFailed("an answer with a malformed chunk")

    async def _exactly(self, size: int, limit: int) -> bytes:
        if size > limit:
            raise _too_long(limit)
        while len(self._received) < size:
            await self._some_more()
        return self._take(size)

    async def _until(self, end: bytes) -> bytes:
        """What comes before `end`, which is taken, too."""
        while (found := self._received.find(end)) < 0:
            if len(self._received) > MAX_HEAD_BYTES:
                raise PostFailed("an answer with an endless head")
            await self._some_more()
        taken = self._take(found)
        del self._received[: len(end)]
        return taken

    def _take(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    async def _some_more(self) -> None:
        if not await self._more():
            raise PostFailed("closed before the end of an answer")

    async def _more(self) -> bool:
        """Receive; False at the end of the connection."""
        data = await self.stream.receive_some(_CHUNK)
        self._received += data
        return bool(data)


def _too_long(limit: int) -> PostFailed:
    return PostFailed(f"an answer of more than {limit} bytes")
