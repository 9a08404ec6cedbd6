"""A wire between a client and a server of this machine that can be cut, frozen and taken away."""

from __future__ import annotations

import trio


class TcpProxy:
    """Stands between a client and a server, and can cut or freeze what passes through it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._streams: set[trio.SocketStream] = set()
        self._flow = trio.Event()
        self._flow.set()
        self.port = 0
        self.refuse = False

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._connection, listeners)

    def freeze(self) -> None:
        """Let nothing pass, but keep the connections open, as a network does that loses its packets."""
        if self._flow.is_set():
            self._flow = trio.Event()

    def thaw(self) -> None:
        self._flow.set()

    async def cut(self) -> None:
        """Close all connections."""
        for stream in list(self._streams):
            await trio.aclose_forcefully(stream)

    async def _connection(self, client: trio.SocketStream) -> None:
        server = None if self.refuse else await self._connect()
        if server is None:
            await trio.aclose_forcefully(client)
            return
        self._streams |= {client, server}
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._pump, client, server, nursery.cancel_scope)
                nursery.start_soon(self._pump, server, client, nursery.cancel_scope)
        finally:
            self._streams -= {client, server}
            await trio.aclose_forcefully(client)
            await trio.aclose_forcefully(server)

    async def _connect(self) -> trio.SocketStream | None:
        try:
            return await trio.open_tcp_stream("127.0.0.1", self._target)
        except OSError:  # the server is not there at the moment
            return None

    async def _pump(
        self, source: trio.SocketStream, sink: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        try:
            async for data in source:
                await self._flow.wait()
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()
