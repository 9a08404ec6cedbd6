"""The end of a request that was answered before all of its body had come.

A refusal needs no body, so it is sent at once, while the client may still be sending. The framework then takes the end
of the response, which the server reports as a disconnect, for the client's, and gives up in the middle of it: neither
is the connection closed nor is its next request read. Here the end of the response waits a little for the rest of the
request, so that the connection can go on, and a disconnect that follows from it is kept from the framework.
"""

from __future__ import annotations

from typing import cast

import trio
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

PATIENCE = 2.0
"""Seconds that the rest of a request may take after its answer; then the connection is closed."""


class RequestEnd:
    """ASGI middleware."""

    def __init__(self, app: ASGIFramework) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Pass on everything but the end of an HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(receive, send)
        await self._app(scope, request.receive, request.send)


class _Request:
    def __init__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self._receive = receive
        self._send = send
        self._complete = trio.Event()
        self._answered = False

    async def receive(self) -> ASGIReceiveEvent:
        event = await self._receive()
        if event["type"] == "http.disconnect":
            self._complete.set()
            if self._answered:
                await trio.sleep_forever()  # until the framework is done with sending
        elif event["type"] == "http.request" and not event.get("more_body", False):
            self._complete.set()
        return event

    async def send(self, event: ASGISendEvent) -> None:
        if event["type"] == "http.response.body" and not event.get("more_body", False):
            if event.get("body"):
                await self._send(cast("ASGISendEvent", {**event, "more_body": True}))
                event = cast("ASGISendEvent", {"type": "http.response.body", "body": b"", "more_body": False})
            with trio.move_on_after(PATIENCE):
                await self._complete.wait()
            self._answered = True
        await self._send(event)
