"""A small websocket server, by the path of the request: echoes, refuses, closes, welcomes, broadcasts.

A plain GET of `/seen` answers with what it has seen so far.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.http11 import Request, Response

frames: Counter[str] = Counter()  # by path
distinct: set[str | bytes] = set()
listening: set[ServerConnection] = set()


async def converse(connection: ServerConnection) -> None:
    assert connection.request is not None
    path = connection.request.path
    if path == "/listen":
        listening.add(connection)
    if path in ("/welcome", "/listen"):
        await connection.send('{"type":"first"}')
        await connection.send('{"type":"welcome"}')
    async for frame in connection:
        frames[path] += 1
        distinct.add(frame)
        match path:
            case "/close":
                await connection.close(4401)
            case "/noisy":
                await connection.send("something else")
                await connection.send(frame)
            case "/silent":
                pass
            case "/slow":
                await asyncio.sleep(0.05)
                await connection.send(frame)
            case "/long":
                await connection.send(frame * 1000)
            case _:
                await connection.send(frame)


def answer(connection: ServerConnection, request: Request) -> Response | None:
    path, _, number = request.path.partition("?")
    match path:
        case "/seen":
            seen = {"frames": dict(frames), "distinct": len(distinct)}
            return connection.respond(HTTPStatus.OK, json.dumps(seen))
        case "/broadcast":
            broadcast(listening, f'{{"number":{number}}}')
            return connection.respond(HTTPStatus.OK, "")
        case "/refuse":
            return connection.respond(HTTPStatus.FORBIDDEN, "")
        case "/only-with-header" if "x-token" not in request.headers:
            return connection.respond(HTTPStatus.UNAUTHORIZED, "")
    return None


async def main() -> None:
    async with serve(
        converse,
        "127.0.0.1",
        int(sys.argv[1]),
        process_request=answer,
        select_subprotocol=lambda _connection, offered: offered[0] if offered else None,
        compression=None,
    ) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
