"""What anybody says begins a broadcast to everybody, on our gateway. `python -m benchmarks.fanout.on_gateway PORT`."""

from __future__ import annotations

import sys

import trio

from arena.ws.connection import Connection, ConnectionClosed
from benchmarks.fanout.frame import begun
from benchmarks.harness.gateway import serve

listening: dict[Connection, None] = {}


async def listen(connection: Connection) -> None:
    """Until the client leaves."""
    listening[connection] = None
    try:
        while True:
            await connection.receive()
            broadcast()
    finally:
        del listening[connection]


def broadcast() -> None:
    frame = begun().encode()
    for connection in list(listening):
        try:
            connection.send_nowait(frame)
        except ConnectionClosed:
            continue


if __name__ == "__main__":
    trio.run(serve, listen, int(sys.argv[1]))
