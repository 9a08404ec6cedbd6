"""TLS on a transport: the same bytes, encrypted on their way."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable
from pathlib import Path
from typing import Final

import trio

from arena.front.transport import RECEIVE_BYTES, Transport, TransportClosed

HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds for the TLS handshake."""
_PLAIN_HTTP: Final = "HTTP_REQUEST"
_SPEAK_TLS: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: 38\r\n\r\nThis port speaks TLS: use https://....\n"
)


class NotTls(Exception):
    """The client speaks HTTP without TLS, and has been told so on `transport`, its plain one."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport


class TlsUnusable(Exception):
    """The certificate or its key cannot be used; the message is one line for the operator."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and newer, with HTTP/1.1 alone.

    Raises:
        TlsUnusable: the files are not there, or are no PEM, or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise TlsUnusable(f"ARENA_TLS_CERTIFICATE, ARENA_TLS_KEY: cannot be used: {error}") from error
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; it has to be one without a password")


class TlsTransport(Transport):
    """A transport over another's socket, which that gives up. `handshake` first."""

    def __init__(self, plain: Transport, context: ssl.SSLContext) -> None:
        sock, cipher = plain.detach()
        super().__init__(sock, plain._nursery, plain._poller, plain.peer)
        self.is_secure = True
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._incoming.write(cipher)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> None:
        """Raises `TransportClosed`: it failed, or took too long. `NotTls`."""
        with trio.move_on_after(HANDSHAKE_TIMEOUT):
            await self._shake_hands()
            return
        raise TransportClosed

    async def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send_cipher()
                await super().arrival()
                if self._take_in() == b"":
                    raise TransportClosed from None
            except ssl.SSLError as error:
                if error.reason == _PLAIN_HTTP:
                    sock, _ = self.detach()
                    plain = Transport(sock, self._nursery, self._poller, self.peer)
                    plain.write(_SPEAK_TLS)
                    raise NotTls(plain) from error
                self._send_cipher()  # the alert says why
                raise TransportClosed from error
            else:
                self._send_cipher()
                return

    def arrival(self) -> Awaitable[object]:
        if self._incoming.pending or self._tls.pending():
            return trio.lowlevel.checkpoint()  # noqa: ASYNC105 (one coroutine less)
        return super().arrival()

    def received(self) -> bytes | None:
        if self._unread:
            return super().received()
        if not self._incoming.pending and not self._tls.pending() and self._take_in() is None:
            return None
        try:
            return self._tls.read(RECEIVE_BYTES)
        except ssl.SSLWantReadError:
            # the rest of a record, or something that is not for us
            self._send_cipher()
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            self._send_cipher()
            raise TransportClosed from error

    def write(self, data: bytes) -> None:
        if self.closed or not data:
            return
        try:
            self._tls.write(data)
        except ssl.SSLError:
            self.abort()
            return
        self._send_cipher()

    def end(self) -> None:
        try:
            self._tls.unwrap()
        except (ssl.SSLWantReadError, ssl.SSLError):
            self._send_cipher()
        super().end()

    def _take_in(self) -> bytes | None:
        """Some of what was sent to us, given to TLS; nothing at its end, None if nothing has come."""
        data = super().received()
        if data:
            self._incoming.write(data)
        elif data is not None:
            self._incoming.write_eof()
        return data

    def _send_cipher(self) -> None:
        if self._outgoing.pending:
            super().write(self._outgoing.read())
