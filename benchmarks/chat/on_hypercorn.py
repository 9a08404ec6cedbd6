"""The chat on our actors behind a plain Quart route on hypercorn. `python -m benchmarks.chat.on_hypercorn PORT`."""

from __future__ import annotations

import sys

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import websocket
from quart_trio import QuartTrio

from arena.ws.connection import CloseCode, Conversation
from benchmarks.chat.conversation import open_chat
from benchmarks.chat.exchange import MAILBOX


class RouteConnection:
    """As much of a `Connection` as this conversation needs: sending waits in a route, so a task does that."""

    identity = None

    def __init__(self) -> None:
        self._outbox, self._frames = trio.open_memory_channel[bytes](MAILBOX)

    async def receive(self) -> bytes | str:
        return await websocket.receive()

    def send_nowait(self, *frames: bytes) -> None:
        for frame in frames:
            self._outbox.send_nowait(frame)

    async def send(self, frame: bytes) -> None:
        await self._outbox.send(frame)

    def is_flushed(self) -> bool:
        raise NotImplementedError

    async def flushed(self) -> None:
        raise NotImplementedError

    def close(self, code: CloseCode, reason: str = "") -> None:
        raise NotImplementedError

    async def write(self) -> None:
        async for frame in self._frames:
            await websocket.send(frame.decode())


async def main(port: int) -> None:
    app = QuartTrio(__name__)
    async with open_chat() as conversation:

        @app.websocket("/")
        async def chat() -> None:
            await _converse(conversation)

        config = Config()
        config.bind = [f"127.0.0.1:{port}"]
        config.loglevel = "WARNING"
        await serve(app, config)


async def _converse(conversation: Conversation) -> None:
    connection = RouteConnection()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.write)
        await conversation(connection)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
