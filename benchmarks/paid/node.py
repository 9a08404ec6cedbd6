"""The benchmark's Solana node, a process of its own: JSON-RPC over HTTP, and `logsSubscribe` over a websocket.

It reads what to be from standard input (JSON), prints its two ports, and answers until it is ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from benchmarks.paid.chain import BotOnChain, Chain
from benchmarks.paid.recording import load

Answer = Callable[[Any], Any]


class Http(asyncio.Protocol):
    """One connection that is kept alive: requests are answered in their order."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            whole = end + 4 + length
            if len(self._received) < whole:
                return
            body = self._received[end + 4 : whole]
            self._received = self._received[whole:]
            answer = json.dumps(self._answer(json.loads(body)), separators=(",", ":")).encode()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(answer), answer)
            )


class Websocket(asyncio.Protocol):
    """One subscriber."""

    def __init__(self, answer: Answer, subscribers: set[Websocket]) -> None:
        self._answer = answer
        self._subscribers = subscribers
        self._protocol = ServerProtocol()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._subscribers.discard(self)

    def data_received(self, data: bytes) -> None:
        protocol = self._protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                request = json.loads(bytes(event.data))
                protocol.send_text(json.dumps(self._answer(request)).encode())
                if request["method"] == "logsSubscribe":
                    self._subscribers.add(self)
        self._flush()

    def notify(self, notification: bytes) -> None:
        self._protocol.send_text(notification)
        self._flush()

    def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data:
            self._transport.write(data)


async def serve(bots: list[BotOnChain]) -> None:
    subscribers: set[Websocket] = set()
    loop = asyncio.get_running_loop()

    def tell_all(notification: bytes) -> None:
        for subscriber in subscribers:
            subscriber.notify(notification)

    # after the answer to `sendTransaction` is written, as with a real node
    chain = Chain(load(), bots, lambda notification: loop.call_soon(tell_all, notification))
    http = await loop.create_server(lambda: Http(chain.answer), "127.0.0.1", 0)
    websocket = await loop.create_server(lambda: Websocket(chain.answer, subscribers), "127.0.0.1", 0)
    print(json.dumps([server.sockets[0].getsockname()[1] for server in (http, websocket)]), flush=True)
    gc.freeze()
    # `calls` asks how often each method was called
    asking = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asking), sys.stdin)
    while await asking.readline():
        print(json.dumps(chain.calls), flush=True)


def _bot(told: dict[str, Any]) -> BotOnChain:
    keys = {name: bytes.fromhex(told[name]) for name in ("bot_id", "founding_key")}
    return BotOnChain(**{**told, **keys})


if __name__ == "__main__":
    asyncio.run(serve([_bot(told) for told in json.loads(sys.stdin.readline())]))
