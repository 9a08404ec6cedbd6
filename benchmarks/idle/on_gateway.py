"""A conversation in which nobody says anything. `python -m benchmarks.idle.on_gateway PORT`."""

from __future__ import annotations

import sys

import trio

from arena.ws.connection import Connection
from benchmarks.harness.gateway import serve


async def listen(connection: Connection) -> None:
    """Until the client leaves."""
    while True:
        await connection.receive()


if __name__ == "__main__":
    trio.run(serve, listen, int(sys.argv[1]))
