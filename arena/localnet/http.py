"""The HTTP side: JSON-RPC by POST, `GET /health`, and CORS so that a page with a wallet may call it.

Every client is bounded in time and in bytes: one that sends too slowly, too much, or does not read is
disconnected.
"""

import logging
from collections.abc import Sequence

import h11
import trio

from arena.localnet.faults import Fault, Misbehaviour
from arena.localnet.node import Node
from arena.localnet.rpc import answer, methods_of

log = logging.getLogger(__name__)

_RECEIVE = 64 * 1024
_CORS = [
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "POST, GET, OPTIONS"),
    ("access-control-allow-headers", "*"),
    ("access-control-allow-private-network", "true"),
    ("access-control-max-age", "86400"),
]


class HttpServer:
    """Give `serve_connection` every accepted stream."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._limits = node.config.limits
        self._connections = 0

    async def serve_connection(self, stream: trio.SocketStream) -> None:
        self._connections += 1
        connection = _Connection(self._node, stream)
        try:
            if self._connections > self._limits.connections:
                await connection.refuse()
            else:
                await connection.serve()
        except (
            trio.BrokenResourceError,
            trio.ClosedResourceError,
            h11.RemoteProtocolError,
            trio.TooSlowError,
        ):
            log.debug("an HTTP client went away or was too slow")
        except Exception:
            log.exception("an HTTP connection failed")  # the barrier of one connection
        finally:
            self._connections -= 1
            await trio.aclose_forcefully(stream)


class _Connection:
    def __init__(self, node: Node, stream: trio.SocketStream) -> None:
        self._node = node
        self._limits = node.config.limits
        self._stream = stream
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=16 * 1024)
        self._is_head = False

    async def refuse(self) -> None:
        await self._respond(503, b"too many connections", "text/plain")

    async def serve(self) -> None:
        while True:
            try:
                request, body = await self._receive()
            except h11.RemoteProtocolError as error:
                if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    await self._respond(error.error_status_hint or 400, b"bad request", "text/plain")
                return
            if request is None:
                return
            if body is None:
                await self._respond(413, b"request too large", "text/plain")
                return
            self._is_head = request.method == b"HEAD"
            await self._dispatch(request, body)
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _dispatch(self, request: h11.Request, body: bytes) -> None:
        path = request.target.split(b"?", 1)[0]
        match request.method, path:
            case b"OPTIONS", _:
                await self._respond(204, b"", None)
            case b"GET" | b"HEAD", b"/health":
                await self._respond(200, b"ok", "text/plain")
            case b"POST", _:
                misbehaviour = self._node.misbehaviour
                if misbehaviour is not None and misbehaviour.strikes(methods_of(body)):
                    await self._misbehave(misbehaviour)
                    return
                content = await answer(self._node, body)
                await self._respond(200, content, "application/json; charset=utf-8")
            case _:
                await self._respond(405, b"POST JSON-RPC requests here", "text/plain", [("allow", "POST")])

    async def _misbehave(self, misbehaviour: Misbehaviour) -> None:
        match misbehaviour.fault:
            case Fault.RATE_LIMITED:
                retry_after = ("retry-after", str(misbehaviour.retry_after))
                await self._respond(429, b"too many requests", "text/plain", [retry_after])
            case Fault.NONSENSE:
                await self._respond(200, misbehaviour.body, "application/json; charset=utf-8")
            case _:
                with trio.move_on_after(self._limits.idle_seconds):
                    await misbehaviour.over.wait()

    async def _receive(self) -> tuple[h11.Request | None, bytes | None]:
        """The next request and its body; (None, None) at the end, (request, None) when the body is too large.

        Raises:
            trio.TooSlowError: the rest of a request did not come in time.
        """
        request: h11.Request | None = None
        body = bytearray()
        with trio.move_on_after(self._limits.idle_seconds) as scope:
            while True:
                event = self._http.next_event()
                match event:
                    case h11.NEED_DATA:
                        if self._http.they_are_waiting_for_100_continue:
                            await self._send(
                                h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                            )
                        data = await self._stream.receive_some(_RECEIVE)
                        if request is None and data:
                            scope.deadline = min(
                                scope.deadline, trio.current_time() + self._limits.receive_seconds
                            )
                        self._http.receive_data(data)
                    case h11.Request():
                        request = event
                    case h11.Data():
                        body += event.data
                        if len(body) > self._limits.request_bytes:
                            return request, None
                    case h11.EndOfMessage():
                        return request, bytes(body)
                    case _:  # ConnectionClosed
                        return None, None
        if request is None and not self._http.trailing_data[0]:
            return None, None
        raise trio.TooSlowError

    async def _respond(
        self, status: int, content: bytes, kind: str | None, extra: Sequence[tuple[str, str]] = ()
    ) -> None:
        headers = [*_CORS, *extra, ("cache-control", "no-store")]
        if status != 204:
            headers.append(("content-length", str(len(content))))
        if kind is not None:
            headers.append(("content-type", kind))
        if self._http.their_state not in (h11.DONE, h11.SEND_BODY) or status in (400, 413, 503):
            headers.append(("connection", "close"))
        await self._send(
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=b"" if self._is_head else content),
            h11.EndOfMessage(),
        )

    async def _send(self, *events: h11.Event) -> None:
        chunks = [self._http.send(event) for event in events]
        with trio.fail_after(self._limits.send_seconds):
            await self._stream.send_all(b"".join(chunk for chunk in chunks if chunk))
