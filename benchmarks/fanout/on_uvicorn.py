"""The same on FastAPI and uvicorn, at their best. `python -m benchmarks.fanout.on_uvicorn PORT`.

One loop that awaits each `send_text` is their fastest way to all: uvicorn hands the frame to the kernel at once, and
nothing waits. `asyncio.gather` and a task group, which make a task of each, take over a third more of the processor;
one ASGI message for all, past `send_text`, frames of bytes, and asyncio's own loop make no difference.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from arena.garbage import settle_memory
from benchmarks.fanout.frame import begun
from benchmarks.harness.on_uvicorn import serve

listening: dict[WebSocket, None] = {}


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    settle_memory()
    yield


app = FastAPI(lifespan=lifespan)


@app.websocket("/")
async def listen(websocket: WebSocket) -> None:
    """Until the client leaves."""
    await websocket.accept()
    listening[websocket] = None
    try:
        while True:
            await websocket.receive_text()
            await broadcast()
    except WebSocketDisconnect:
        pass
    finally:
        del listening[websocket]


async def broadcast() -> None:
    frame = begun()
    for websocket in list(listening):
        try:
            await websocket.send_text(frame)
        except (RuntimeError, WebSocketDisconnect):
            continue  # the client has left


if __name__ == "__main__":
    serve(app, int(sys.argv[1]))
