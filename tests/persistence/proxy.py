"""A wire to Postgres that can be cut at the one moment that matters, around a COMMIT, or stop to carry anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qs, urlsplit

import trio

COMMIT = b"COMMIT;\0"
AT_ONCE = b"with batch as (insert into journal_batches"
"""In a statement that is a whole transaction of the journal."""


class Cut(Enum):
    """What becomes of a COMMIT, or of a statement that is a transaction of the journal."""

    NOTHING = "it is answered"
    ANSWER = "Postgres commits, and its answer is lost"
    QUESTION = "it never arrives, and Postgres sees the connection break"
    SILENTLY = "it never arrives, and Postgres sees nothing of it"


@dataclass
class Proxy:
    """`decide` is asked what to do with each commit; `dsn` is where to connect; nothing arrives while `stalled`."""

    dsn: str
    decide: Callable[[], Cut] = lambda: Cut.NOTHING
    cuts: list[Cut] = field(default_factory=list)
    stalled: bool = False


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[Proxy]:
    """A proxy in front of `dsn`."""
    url = urlsplit(dsn)
    query = parse_qs(url.query)

    async def connect() -> trio.SocketStream:
        if "host" in query:
            return await trio.open_unix_socket(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")  # type: ignore[return-value]
        assert url.hostname is not None
        return await trio.open_tcp_stream(url.hostname, url.port or 5432)

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        proxy = Proxy(f"postgresql://postgres@127.0.0.1:{port}{url.path}?sslmode=disable")

        async def handle(client: trio.SocketStream) -> None:
            async with client, await connect() as server:
                await _relay(proxy, client, server)

        nursery.start_soon(trio.serve_listeners, handle, [listener])
        yield proxy
        nursery.cancel_scope.cancel()


async def _relay(proxy: Proxy, client: trio.SocketStream, server: trio.SocketStream) -> None:
    cut = Cut.NOTHING
    prepared: set[bytes] = set()

    def commits(data: bytes) -> bool:
        """Whether Postgres will commit something. https://www.postgresql.org/docs/current/protocol-message-formats.html"""
        if data[:1] == b"P" and AT_ONCE in data:
            prepared.add(data[5:].partition(b"\0")[0])
        binds = data[:1] == b"B" and data[5:].split(b"\0", 2)[1] in prepared
        return binds or COMMIT in data

    async def answers(nursery: trio.Nursery) -> None:
        async for data in server:
            if cut is Cut.NOTHING:
                await client.send_all(data)
            else:
                break
        nursery.cancel_scope.cancel()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answers, nursery)
            async for data in client:
                while proxy.stalled:  # as on a real wire, what was sent meanwhile arrives in the end
                    await trio.sleep(0.01)
                if commits(data) and (cut := proxy.decide()) is not Cut.NOTHING:
                    proxy.cuts.append(cut)
                    if cut is Cut.ANSWER:
                        await server.send_all(data)
                        continue
                    await client.aclose()
                    if cut is Cut.SILENTLY:
                        await trio.sleep_forever()
                    break
                await server.send_all(data)
            nursery.cancel_scope.cancel()
    except* (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # one side has gone, so does the other
