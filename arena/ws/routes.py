"""The websocket routes, on Quart."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from quart import Quart, websocket

from arena.edge.authentication import Authenticator
from arena.edge.client_address import client_key
from arena.edge.rate_limits import RateLimits, Scope
from arena.game.services import Services
from arena.problems import Problem
from arena.ws.chat import chat
from arena.ws.connection import Connection, Conversation
from arena.ws.handshake import admit
from arena.ws.lobby import Lobby
from arena.ws.open_connections import OpenConnections
from arena.ws.quart_adapter import QuartConnection, refuse
from arena.ws.spectating import spectate


def add_websockets(
    app: Quart, services: Services, limits: RateLimits, authenticator: Authenticator
) -> OpenConnections:
    """Add `/ws/…` to the app. Close the connections that are returned before the server stops."""
    settings = services.settings

    def refused() -> None:
        limits.refused["connections_address"] += 1

    connections = OpenConnections(of_an_address=settings.arena_connections_per_address, on_refused=refused)
    authenticator.on_ended(connections.close_signed_out)
    lobby = Lobby(services, authenticator)

    async def serve(
        converse: Callable[[str], Conversation], *, anybody: bool = False, session_id: UUID | None = None
    ) -> None:
        address = client_key(settings, websocket.scope["client"], websocket.headers)
        limits.check(Scope.REQUESTS_ADDRESS, address)
        with connections.from_address(address):
            await serve_counted(converse(address), anybody, session_id)

    async def serve_counted(conversation: Conversation, anybody: bool, session_id: UUID | None) -> None:
        admission = admit(
            settings,
            authenticator.tokens,
            origin=websocket.headers.get("Origin"),
            offered=websocket.requested_subprotocols,
            authorization=websocket.headers.get("Authorization"),
            anybody=anybody,
        )
        await websocket.accept(subprotocol=admission.subprotocol)
        client = websocket._get_current_object()  # type: ignore[attr-defined]
        if isinstance(admission.who, Problem):
            await refuse(client, admission.who)
            return
        connection = QuartConnection(
            client,
            admission.who,
            ping_after=settings.arena_ping_after,
            idle_after=settings.arena_ping_after + settings.arena_ping_timeout,
            traffic=services.traffic,
        )

        async def counted(held: Connection) -> None:
            with connections.holding(held, session_id):
                await conversation(held)

        await connection.run(counted)

    @app.websocket("/ws/chats/<uuid:session_id>")
    async def chat_websocket(session_id: UUID) -> None:
        await serve(
            lambda address: chat(services, authenticator, limits, session_id, address), session_id=session_id
        )

    @app.websocket("/ws/lobby")
    async def lobby_websocket() -> None:
        await serve(lambda address: lobby.conversation(limits.of_watcher(address)), anybody=True)

    @app.websocket("/ws/bots/<uuid:bot_id>")
    async def spectator_websocket(bot_id: UUID) -> None:
        await serve(
            lambda address: spectate(services, authenticator, limits.of_watcher(address), bot_id),
            anybody=True,
        )

    return connections
