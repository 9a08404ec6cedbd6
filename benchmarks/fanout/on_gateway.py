"""A broadcast to everybody, twice a second, straight to the connections. `python -m benchmarks.fanout.on_gateway PORT`.

Its number is the time at which it began (`time.monotonic_ns`).
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Final

import trio

from arena.ws.connection import Connection, ConnectionClosed
from benchmarks.harness.gateway import serve

MARK: Final = '"number":'
FRAME: Final = '{"type":"bot","number":%d,"text":"' + 200 * "x" + '"}'
"""About as long as what the lobby says of a bot."""
INTERVAL: Final = 0.5

listening: dict[Connection, None] = {}


async def listen(connection: Connection) -> None:
    """Until the client leaves."""
    listening[connection] = None
    try:
        while True:
            await connection.receive()
    finally:
        del listening[connection]


async def broadcast() -> None:
    while True:
        await trio.sleep(INTERVAL)
        frame = (FRAME % time.monotonic_ns()).encode()
        for connection in list(listening):
            try:
                connection.send_nowait(frame)
            except ConnectionClosed:
                continue


async def main(port: int) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broadcast)
        nursery.start_soon(partial(serve, listen, port))


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
