"""The websocket routes, on Quart."""

from __future__ import annotations

from quart import Quart, websocket

from arena.edge.client_address import client_key
from arena.edge.identity import Identity
from arena.game.services import Services
from arena.ws.conversations import PREFIX, Conversations, OpeningRequest
from arena.ws.quart_adapter import QuartConnection


def add_websockets(app: Quart, services: Services, conversations: Conversations) -> None:
    """Add `/ws/…` to the app, for servers that are not our own."""
    settings = services.settings

    @app.websocket(f"{PREFIX}<path:path>")
    async def open_websocket(path: str) -> None:
        client = websocket._get_current_object()  # type: ignore[attr-defined]

        async def accept(subprotocol: str | None, identity: Identity | None) -> QuartConnection:
            await websocket.accept(subprotocol=subprotocol)
            return QuartConnection(
                client,
                identity,
                ping_after=settings.arena_ping_after,
                idle_after=settings.arena_ping_after + settings.arena_ping_timeout,
                traffic=services.traffic,
            )

        request = OpeningRequest(
            path=PREFIX + path,
            address=client_key(settings, websocket.scope["client"], websocket.headers),
            origin=websocket.headers.get("Origin"),
            offered=websocket.requested_subprotocols,
            authorization=websocket.headers.get("Authorization"),
        )
        await conversations.serve(request, accept)
