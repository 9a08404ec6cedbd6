"""The end of a response that was given before the whole request had come, such as 413 or 429.

A client that is still sending would not see the answer if the connection were closed at once, so it gets a moment. And
quart-trio cancels what sends the end of a response as soon as that has begun, so that hypercorn neither closes such a
connection nor reads on: it would be kept, deaf, for ever. Here the end is not cancelled.
"""

from __future__ import annotations

from typing import Any, Final

import trio
from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, Scope

LINGER: Final = 2.0
"""Seconds for the rest of a request after its answer; then the connection is closed."""


def lingering(app: ASGIFramework) -> ASGIFramework:
    """The application, with responses that end only when their requests have, or have had their time."""

    async def serve(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        ended = trio.Event()

        async def receive_until_end() -> ASGIReceiveEvent:
            message = await receive()
            if message["type"] != "http.request" or not message["more_body"]:
                ended.set()
            return message

        async def send_in_full(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                with trio.move_on_after(LINGER):
                    await ended.wait()
                with trio.CancelScope(shield=True):
                    await send(message)
            else:
                await send(message)

        await app(scope, receive_until_end, send_in_full)

    return serve
