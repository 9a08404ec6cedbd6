"""HTTP/1.1 on a transport: hypercorn's protocol, without hypercorn's server around it.

hypercorn 0.18 lets some malformed requests take down the whole server, shields what it sends from cancellation, and
starts two tasks a request to see whether a connection is idle. Here a connection's fault is its own, a response that
is not read ends its connection, and idleness is looked for by `Watch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import h11
import structlog
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState

from arena.front.handshake import Upgrade
from arena.front.refusals import malformed
from arena.front.transport import Transport, TransportClosed
from arena.problems import Problem

log = structlog.get_logger(__name__)

HEAD_TIMEOUT: Final = 10.0
"""Seconds for the first request's line and headers."""
STALL_TIMEOUT: Final = 10.0
"""Seconds in which a client has to take something of a response."""
MAX_PENDING_BYTES: Final = 256 * 1024
"""Of responses; the application waits for room."""
FAULT: Final = Problem("internal_error", "Something went wrong", 500, "This is our fault. Try again.")
TOO_SLOW: Final = Problem("request_timeout", "The request took too long", 408, "Send it in one go.")
_VERSIONS: Final = (b"1.0", b"1.1")


class UpgradeAsked(Exception):
    """A request wants to go on as something else than HTTP."""

    def __init__(self, upgrade: Upgrade) -> None:
        self.upgrade = upgrade


class _Protocol(H11Protocol):
    """hypercorn's, which leaves websockets to us, knows HTTP/1 alone, and says what is wrong."""

    refuse: Callable[[Problem], bytes]

    async def _check_protocol(self, event: h11.Request) -> None:
        if event.http_version not in _VERSIONS:
            await self._send_error_response(505)
            await self.send(Closed())
            raise _Refused
        for name, value in event.headers:
            if name == b"upgrade" and value.strip().lower() == b"websocket":
                assert isinstance(self.connection, h11.Connection)
                early = self.connection.trailing_data[0]
                raise UpgradeAsked(Upgrade(event.target, event.headers.raw_items(), early))

    async def _send_error_response(self, status_code: int) -> None:
        await self.send(RawData(self.refuse(malformed(status_code))))


class _Refused(Exception):
    """The request was answered, and the connection is over."""


class HttpConnection:
    """One connection, whose owner looks after it (`Watch`) while it runs.

    Args:
        context: its `terminated` says that the server stops: connections close after their response.
        refuse: the whole response for a problem.
    """

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        transport: Transport,
        refuse: Callable[[Problem], bytes],
    ) -> None:
        self._app = app
        self._config = config
        self._context = context
        self._transport = transport
        self._refuse = refuse
        self._protocol: _Protocol
        self._reading = trio.CancelScope()
        self._served = 0
        self._idle_since: float | None = trio.current_time()

    async def run(self) -> Upgrade | None:
        """Serve requests until the connection is over, or one asks for an upgrade.

        Raises:
            Exception: a fault of ours that a request has found. It is answered, and nothing else suffers from it.
        """
        upgrade: Upgrade | None = None
        try:
            async with TaskGroup() as task_group:
                self._protocol = self._make_protocol(task_group)
                await self._read()
        except* UpgradeAsked as asked:
            upgrade = _first(asked).upgrade
        except* _Refused:
            log.debug("a request of another version was refused")
        except* Exception:
            if self._protocol.connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                self._transport.write(self._refuse(FAULT))
            raise
        return upgrade

    def look_after(self, now: float) -> None:
        """See `Watched`."""
        waiting = self._transport.pending_since
        if waiting is not None and now - waiting > STALL_TIMEOUT:
            self._transport.abort()
        elif self._idle_since is not None:
            limit = self._config.keep_alive_timeout if self._served else HEAD_TIMEOUT
            if now - self._idle_since > limit:
                self._leave()

    def finish(self) -> None:
        """The server stops: close, unless a request is being answered."""
        if self._idle_since is not None:
            self._leave()

    def _leave(self) -> None:
        began, _ = self._protocol.connection.trailing_data
        if began:
            self._transport.write(self._refuse(TOO_SLOW))
        self._reading.cancel()

    def _make_protocol(self, task_group: TaskGroup) -> _Protocol:
        transport = self._transport
        protocol = _Protocol(
            self._app,
            self._config,
            self._context,
            task_group,
            ConnectionState({}),
            transport.is_secure,
            transport.peer,
            transport.local_address,
            self._send,
        )
        protocol.refuse = self._refuse
        return protocol

    async def _read(self) -> None:
        with self._reading:
            try:
                while True:
                    data = await self._transport.receive()
                    await self._protocol.handle(RawData(data))
                    if not data:
                        break
            except TransportClosed:
                log.debug("an HTTP connection broke")
        await self._protocol.handle(Closed())

    async def _send(self, event: Event) -> None:
        """What hypercorn sends: it never fails, as hypercorn has it; a broken connection is noticed by reading."""
        match event:
            case RawData(data):
                self._transport.write(data)
                if self._transport.closed or self._transport.pending[1] > MAX_PENDING_BYTES:
                    await self._room()
            case Closed():
                self._reading.cancel()
                await self._protocol.handle(Closed())
            case Updated(idle):
                self._served += idle
                self._idle_since = trio.current_time() if idle else None

    async def _room(self) -> None:
        try:
            await self._transport.drained()
        except TransportClosed:
            await self._protocol.handle(Closed())


def _first(group: BaseExceptionGroup[UpgradeAsked]) -> UpgradeAsked:
    """The one in it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, UpgradeAsked)
    return error
