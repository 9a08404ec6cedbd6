"""HTTP/1.1 on a transport: an application of ASGI is handed one request after another, and all of it is one task.

h11 says what the bytes mean. What waits reads: this module between requests, the application's `receive` while it works
on one, so that nobody has to be woken only to hand something on. A response's head and its first bytes leave together.

A connection's fault is its own, a response that is not read ends its connection, and idleness is looked for by `Watch`.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from time import time
from typing import Any, Final
from urllib.parse import unquote

import h11
import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper

from arena.front.handshake import Upgrade
from arena.front.refusals import malformed
from arena.front.transport import Transport, TransportClosed
from arena.problems import Problem, internal_error

log = structlog.get_logger(__name__)

HEAD_TIMEOUT: Final = 10.0
"""Seconds for the first request's line and headers."""
STALL_TIMEOUT: Final = 10.0
"""Seconds in which a client has to take something of a response."""
MAX_PENDING_BYTES: Final = 256 * 1024
"""Of responses; the application waits for room."""
TOO_SLOW: Final = Problem("request_timeout", "The request took too long", 408, "Send it in one go.")
_VERSIONS: Final = (b"1.0", b"1.1")
_DISCONNECT: Final = {"type": "http.disconnect"}


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
        self._server = transport.local_address
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=config.h11_max_incomplete_size)
        self._until_left = trio.CancelScope()
        self._served = 0
        self._idle_since: float | None = trio.current_time()

    async def run(self) -> Upgrade | None:
        """Serve requests until the connection is over, or one asks for an upgrade.

        Raises:
            Exception: a fault of ours that a request has found. It is answered, and nothing else suffers from it.
        """
        with self._until_left:
            while (request := await self._next_request()) is not None:
                if _wants_websocket(request):
                    early, _ = self._http.trailing_data
                    return Upgrade(request.target, request.headers.raw_items(), early)
                if not await self._serve(request):
                    break
        return None

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
        began, _ = self._http.trailing_data
        if began:
            self._transport.write(self._refuse(TOO_SLOW))
        self._until_left.cancel()

    async def _next_request(self) -> h11.Request | None:
        """None: there will be none any more, and the client has been told why."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._transport.receive())
            match event:
                case h11.Request() if self._until_left.cancel_called:
                    log.debug("a request came too late")
                case h11.Request(http_version=version) if version in _VERSIONS:
                    self._idle_since = None
                    return event
                case h11.Request():
                    self._transport.write(self._refuse(malformed(505)))
        except h11.RemoteProtocolError as error:
            self._transport.write(self._refuse(malformed(error.error_status_hint)))
        except TransportClosed:
            log.debug("an HTTP connection broke")
        return None

    async def _serve(self, request: h11.Request) -> bool:
        """Have a request answered. Returns whether another one can follow."""
        last = self._served + 1 >= self._config.keep_alive_max_requests or self._context.terminated.is_set()
        exchange = _Exchange(self._http, self._transport, request, self._refuse, last=last)
        try:
            await self._app(
                self._scope(request),
                exchange.receive,
                exchange.send,
                trio.to_thread.run_sync,
                trio.from_thread.run,
            )
        except Exception:
            exchange.break_off()
            raise
        exchange.break_off()
        if self._http.our_state is not h11.DONE or not self._is_read() or self._context.terminated.is_set():
            return False
        self._http.start_next_cycle()
        self._served += 1
        self._idle_since = trio.current_time()
        return True

    def _is_read(self) -> bool:
        """Whether all of the request has come; what the application did not want of it is passed over."""
        try:
            while self._http.their_state is h11.SEND_BODY:
                if self._http.next_event() is h11.NEED_DATA:
                    return False
        except h11.RemoteProtocolError:
            return False
        return self._http.their_state is h11.DONE

    def _scope(self, request: h11.Request) -> Any:
        path, _, query = request.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"spec_version": "2.1", "version": "3.0"},
            "http_version": request.http_version.decode("ascii"),
            "method": request.method.decode("ascii").upper(),
            "scheme": "https" if self._transport.is_secure else "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
            "client": self._transport.peer,
            "server": self._server,
            "extensions": {},
            "state": {},
        }


class _Exchange:
    """A request and its response, as the application sees them: its `receive` and `send`.

    As ASGI has it, `send` does not fail when the client is gone; `receive` says so.
    """

    def __init__(
        self,
        http: h11.Connection,
        transport: Transport,
        request: h11.Request,
        refuse: Callable[[Problem], bytes],
        *,
        last: bool,
    ) -> None:
        self._http = http
        self._transport = transport
        self._is_head = request.method == b"HEAD"
        self._refuse = refuse
        self._last = last
        self._start: Any = None  # held back until there is something of the body
        self._gone = False
        self._over = trio.Event()

    async def receive(self) -> Any:
        while not (self._gone or self._over.is_set()):
            try:
                event = self._http.next_event()
                if event is h11.PAUSED:  # the next request is here already, and waits
                    await self._over.wait()
                    break
                if event is h11.NEED_DATA:
                    if self._http.they_are_waiting_for_100_continue:
                        go_on = h11.InformationalResponse(status_code=100, headers=[])
                        self._transport.write(self._http.send(go_on) or b"")
                    self._http.receive_data(await self._transport.receive())
                    continue
            except h11.RemoteProtocolError as error:
                self._give_up(malformed(error.error_status_hint))
                break
            except TransportClosed:
                self._gone = True
                break
            match event:
                case h11.Data():
                    return {"type": "http.request", "body": bytes(event.data), "more_body": True}
                case h11.EndOfMessage():
                    return {"type": "http.request", "body": b"", "more_body": False}
                case h11.ConnectionClosed():
                    self._gone = True
        return _DISCONNECT

    async def send(self, message: Any) -> None:
        if self._gone:
            return
        match message["type"]:
            case "http.response.start":
                self._start = message
            case "http.response.body":
                await self._send_body(message.get("body", b""), more=message.get("more_body", False))

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        data = b""
        if self._start is not None:
            data, self._bodiless = self._head(self._start), self._is_bodiless(self._start["status"])
            self._start = None
        if body and not self._bodiless:
            data += self._http.send(h11.Data(data=body)) or b""
        if not more:
            data += self._http.send(h11.EndOfMessage()) or b""
            self._over.set()
        if data:
            self._transport.write(data)
            if self._transport.closed or self._transport.pending[1] > MAX_PENDING_BYTES:
                await self._room()

    def _head(self, start: Any) -> bytes:
        headers = [*start["headers"], (b"date", _date(int(time())))]
        if self._last:
            headers.append((b"connection", b"close"))
        return self._http.send(h11.Response(status_code=start["status"], headers=headers)) or b""

    def _is_bodiless(self, status: int) -> bool:
        return self._is_head or status in (204, 304)

    async def _room(self) -> None:
        try:
            await self._transport.drained()
        except TransportClosed:
            self._gone = True

    def break_off(self) -> None:
        """The application is through with it: what it has left open is our fault, unless the client has gone."""
        if not self._over.is_set():
            self._give_up(internal_error())

    def _give_up(self, problem: Problem) -> None:
        if not self._gone and self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._transport.write(self._refuse(problem))
        self._gone = True
        self._over.set()


@lru_cache(maxsize=2)
def _date(now: int) -> bytes:
    return formatdate(now, usegmt=True).encode()


def _wants_websocket(request: h11.Request) -> bool:
    """RFC 6455 section 4.1: a GET of HTTP/1.1; of anything else an upgrade is passed over."""
    return (
        request.method == b"GET"
        and request.http_version == b"1.1"
        and any(name == b"upgrade" and value.lower() == b"websocket" for name, value in request.headers)
    )
