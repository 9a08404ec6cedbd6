"""The listener: every connection is accepted here, within limits, and none can do anything to another.

A connection begins as HTTP/1.1. One that asks for a websocket goes on as that; all others stay with the application.
"""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final, NoReturn, cast

import structlog
import trio
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework
from hypercorn.utils import wrap_app
from quart import Quart
from trio.lowlevel import notify_closing, wait_readable

from arena.edge.client_address import client_key, is_trusted
from arena.edge.identity import Identity
from arena.front.handshake import Upgrade, read_handshake
from arena.front.http import HEAD_TIMEOUT, HttpConnection
from arena.front.poller import Poller
from arena.front.proxy_protocol import ProxyHeaderMalformed, parse
from arena.front.refusals import malformed, refusal
from arena.front.tls import NotTls, TlsTransport, server_context
from arena.front.transport import Address, Transport, TransportClosed, address_of
from arena.front.watch import Watch
from arena.front.websocket import WebsocketConnection
from arena.game.services import Services
from arena.http.hypercorn_config import hypercorn_config
from arena.problems import Problem
from arena.ws import held_connection
from arena.ws.conversations import Conversations, OpeningRequest
from arena.ws.hypercorn_stream import watch_peer
from arena.ws.open_connections import too_many_connections

log = structlog.get_logger(__name__)

MAX_SOCKETS: Final = 12_000
"""Connections of all kinds; the limit of open files has to allow for them."""
SOCKETS_PER_WEBSOCKET: Final = 2
"""An address may have so many times the connections that it may have websockets."""
MAX_REFUSED_AT_ONCE: Final = 256
"""Connections that are told why they are refused; more are closed without a word."""
LINGER: Final = 2.0
"""Seconds for a client to see our last words before the connection is gone."""
ACCEPT_AT_ONCE: Final = 64
"""Connections that are accepted before others have their turn."""
ACCEPT_PAUSE: Final = 0.1
"""Seconds, when there are no more file descriptors."""
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Gateway:
    """All connections of the server.

    Raises:
        TlsUnusable: see the settings of TLS.
    """

    def __init__(self, app: Quart, services: Services, conversations: Conversations) -> None:
        settings = services.settings
        self._services = services
        self._settings = settings
        self._conversations = conversations
        self._app = wrap_app(cast("ASGIFramework", app), 0, "asgi")
        self._config = hypercorn_config(settings)
        self._context = WorkerContext(None)
        self._refuse = partial(refusal, settings=settings)
        self._tls = (
            server_context(settings.arena_tls_certificate, settings.arena_tls_key)
            if settings.arena_tls_certificate is not None and settings.arena_tls_key is not None
            else None
        )
        self._watch = Watch()
        self._poller = Poller() if Poller.is_available() else None
        self._http: dict[HttpConnection, None] = {}
        self._of_address: Counter[str] = Counter()
        self._refused = 0
        self._accepting = trio.CancelScope()
        self._supporting = trio.CancelScope(shield=True)
        self._nursery: trio.Nursery  # of all connections
        self._idle = trio.Event()
        self._connections = 0
        self._per_address = SOCKETS_PER_WEBSOCKET * settings.arena_connections_per_address

    def __len__(self) -> int:
        return self._connections

    @asynccontextmanager
    async def open(self, listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Serve on these listening sockets, which are closed, until the block ends; then cut off whoever is left."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._run, listeners)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()

    async def _run(
        self,
        listeners: Sequence[socket.socket],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        lifespan = Lifespan(self._app, self._config, {})
        async with trio.open_nursery() as nursery:
            await nursery.start(lifespan.handle_lifespan)
            await lifespan.wait_for_startup()
            nursery.start_soon(self._support)
            try:
                async with trio.open_nursery() as self._nursery:
                    with self._accepting:
                        async with trio.open_nursery() as accepting:
                            for listener in listeners:
                                accepting.start_soon(self._accept, listener)
                            task_status.started()
                    await trio.sleep_forever()
            finally:
                self._supporting.cancel()

    async def _support(self) -> None:
        """What connections need, also for their last words when all is cancelled."""
        with self._supporting:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch.run, held_connection.WATCH_INTERVAL)
                if self._poller is not None:
                    nursery.start_soon(self._poller.run)

    async def close(self, within: float) -> None:
        """Accept nobody any more, and let requests that are being answered come to their end, for so many seconds.

        Websockets are not ended here: `OpenConnections.close_all`.
        """
        self._accepting.cancel()
        await self._context.terminated.set()
        for connection in list(self._http):
            connection.finish()
        with trio.move_on_after(within):
            while self._connections:
                self._idle = trio.Event()
                await self._idle.wait()

    # -- accepting

    async def _accept(self, listener: socket.socket) -> NoReturn:
        listener.setblocking(False)
        watch_peer(listener)  # what is accepted inherits it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                await wait_readable(listener)
                for _ in range(ACCEPT_AT_ONCE):
                    try:
                        client, name = listener.accept()
                    except BlockingIOError:
                        break
                    except OSError as error:
                        await self._after_failed_accept(error)
                        break
                    client.setblocking(False)
                    self._nursery.start_soon(self._serve, client, address_of(name))
        finally:
            notify_closing(listener)
            listener.close()

    async def _after_failed_accept(self, error: OSError) -> None:
        """One that was gone again is nothing; without descriptors it is no use to go on at once."""
        if error.errno in _EXHAUSTED:
            log.error("no_descriptors", connections=self._connections, error=str(error))
            await trio.sleep(ACCEPT_PAUSE)

    @contextmanager
    def _counted(self, transport: Transport) -> Iterator[None]:
        """Count the connection while it lives.

        Raises:
            Problem: there are too many, of all or of its address.
        """
        key = _limit_key(transport.peer)
        if self._connections >= MAX_SOCKETS:
            raise too_many_connections("The server holds as many connections as it can.", 503)
        if 0 < self._per_address <= self._of_address[key] and not self._is_proxy(transport.peer):
            raise too_many_connections(f"An address has at most {self._per_address} connections.", 429)
        self._connections += 1
        self._services.traffic.sockets += 1
        self._of_address[key] += 1
        try:
            yield
        finally:
            self._connections -= 1
            self._services.traffic.sockets -= 1
            self._of_address[key] -= 1
            if not self._of_address[key]:
                del self._of_address[key]
            if not self._connections:
                self._idle.set()

    # -- one connection

    async def _serve(self, client: socket.socket, peer: Address | None) -> None:
        """From the first byte to the last. Whatever goes wrong goes wrong here and nowhere else."""
        transport = Transport(client, self._nursery, self._poller, peer)
        try:
            with self._counted(transport):
                try:
                    if self._settings.arena_proxy_protocol and self._is_proxy(transport.peer):
                        await _read_proxy_header(transport)
                    if self._tls is not None:
                        transport = TlsTransport(transport, self._tls)
                        await transport.handshake()
                    if (upgrade := await self._serve_http(transport)) is not None:
                        await self._serve_websocket(transport, upgrade)
                    else:
                        await _say_goodbye(transport)
                except Problem as problem:
                    transport.write(self._refuse(problem))
                    await _say_goodbye(transport)
        except Problem as problem:
            await self._turn_away(transport, problem)
        except NotTls as plain:
            transport = plain.transport
            await _say_goodbye(transport)
        except TransportClosed:
            log.debug("a connection was over before it began")
        except Exception:
            self._services.traffic.faults += 1
            log.exception("a connection crashed")
            await _say_goodbye(transport)
        finally:
            transport.close()

    async def _turn_away(self, transport: Transport, problem: Problem) -> None:
        """Of those that are too many, only so many are told."""
        self._services.traffic.sockets_refused += 1
        if self._refused >= MAX_REFUSED_AT_ONCE or self._tls is not None:
            transport.abort()
            return
        self._refused += 1
        try:
            transport.write(self._refuse(problem))
            await _say_goodbye(transport)
        finally:
            self._refused -= 1

    async def _serve_http(self, transport: Transport) -> Upgrade | None:
        connection = HttpConnection(self._app, self._config, self._context, transport, self._refuse)
        self._http[connection] = None
        try:
            with self._watch.over(connection):
                return await connection.run()
        finally:
            del self._http[connection]

    async def _serve_websocket(self, transport: Transport, upgrade: Upgrade) -> None:
        """Raises `Problem`, to be answered."""
        settings = self._settings
        handshake = read_handshake(upgrade)
        headers = upgrade.http_headers()
        request = OpeningRequest(
            path=upgrade.path,
            address=client_key(settings, transport.peer, headers),
            origin=headers.get("Origin"),
            offered=handshake.offered,
            authorization=headers.get("Authorization"),
        )
        early = upgrade.early

        async def accept(subprotocol: str | None, identity: Identity | None) -> WebsocketConnection:
            transport.write(handshake.response(subprotocol))
            return WebsocketConnection(
                transport,
                self._watch,
                identity,
                early,
                ping_after=settings.arena_ping_after,
                idle_after=settings.arena_ping_after + settings.arena_ping_timeout,
                traffic=self._services.traffic,
            )

        del upgrade, headers  # it may be a long conversation
        await self._conversations.serve(request, accept)

    def _is_proxy(self, peer: Address | None) -> bool:
        return peer is not None and is_trusted(peer[0], self._settings.arena_trusted_proxies)


async def _read_proxy_header(transport: Transport) -> None:
    """Have the transport be its client's. Raises `Problem`, `TransportClosed`."""
    received = b""
    with trio.move_on_after(HEAD_TIMEOUT):
        while True:
            piece = await transport.receive()
            if not piece:
                raise TransportClosed
            received += piece
            try:
                header = parse(received)
            except ProxyHeaderMalformed:
                raise malformed(400) from None
            if header is not None:
                transport.unread(received[header.length :])
                transport.peer = header.client or transport.peer
                return
    raise TransportClosed


async def _say_goodbye(transport: Transport) -> None:
    """Give the client a moment to see what was written last."""
    with trio.move_on_after(LINGER, shield=True):
        try:
            await transport.finish()
        except TransportClosed:
            log.debug("a client did not wait for the end")


def _limit_key(peer: Address | None) -> str:
    return "local" if peer is None else peer[0]
