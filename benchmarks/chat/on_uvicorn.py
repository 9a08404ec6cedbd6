"""The chat as most would write it today, at its best: FastAPI on uvicorn. `python -m benchmarks.chat.on_uvicorn PORT`.

A task for each session and each bot, with bounded queues between them, and the same frames. A bot sends its reply
itself, so that a message takes as many steps as on our actors, though a client that does not read holds up its bot.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import TypeAlias

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from arena.garbage import settle_memory
from arena.ws.protocol import MessageFrame
from benchmarks.chat.exchange import BOTS, MAILBOX, decoded, reply
from benchmarks.harness.on_uvicorn import serve

Said: TypeAlias = tuple[MessageFrame, WebSocket]
Mailbox: TypeAlias = asyncio.Queue[Said]

bots: list[Mailbox] = []
names = count()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        bots.extend(asyncio.Queue(MAILBOX) for _ in range(BOTS))
        tasks = [group.create_task(bot(mailbox)) for mailbox in bots]
        settle_memory()
        yield
        for task in tasks:
            task.cancel()


app = FastAPI(lifespan=lifespan)


async def bot(mailbox: Mailbox) -> None:
    messages = 0
    while True:
        message, websocket = await mailbox.get()
        messages += 1
        try:
            await websocket.send_text(reply(message, messages).decode())
        except (RuntimeError, WebSocketDisconnect):
            continue  # the client has left


async def session(mailbox: Mailbox, bot: Mailbox) -> None:
    while True:
        await bot.put(await mailbox.get())


@app.websocket("/")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept()
    mailbox: Mailbox = asyncio.Queue(MAILBOX)
    task = asyncio.create_task(session(mailbox, bots[next(names) % BOTS]))
    try:
        while True:
            await mailbox.put((decoded(await websocket.receive_text()), websocket))
    except WebSocketDisconnect:
        pass
    finally:
        task.cancel()


if __name__ == "__main__":
    serve(app, int(sys.argv[1]))
