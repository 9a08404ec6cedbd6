"""The websockets of the arena: which conversation is at which address, and who is let in to it.

Nothing here knows what server it runs on: an adapter brings the request, and accepts it when it is told to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from arena.edge.authentication import Authenticator
from arena.edge.identity import Identity
from arena.edge.rate_limits import RateLimits, Scope
from arena.game.services import Services
from arena.problems import Problem
from arena.ws.chat import chat
from arena.ws.connection import Connection, Conversation
from arena.ws.handshake import admit
from arena.ws.held_connection import HeldConnection
from arena.ws.lobby import Lobby
from arena.ws.open_connections import OpenConnections
from arena.ws.spectating import spectate

PREFIX: Final = "/ws/"


@dataclass(frozen=True, slots=True)
class OpeningRequest:
    """What somebody asks who wants a websocket.

    Attributes:
        address: what stands for the client's address in limits.
        origin: the Origin header.
        offered: the subprotocols, in their order.
        authorization: the Authorization header.
    """

    path: str
    address: str
    origin: str | None
    offered: Sequence[str]
    authorization: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """The conversation at an address, and for whom.

    Attributes:
        anybody: no token is needed.
        session_id: the chat whose connections are counted.
    """

    conversation: Conversation
    anybody: bool = False
    session_id: UUID | None = None


Accept = Callable[[str | None, Identity | None], Awaitable[HeldConnection]]
"""Accept the request, with this subprotocol and for this client; the connection is not running yet."""


class Conversations:
    """All of `/ws/…`. Close `connections` before the server stops."""

    def __init__(self, services: Services, limits: RateLimits, authenticator: Authenticator) -> None:
        self._services = services
        self._limits = limits
        self._authenticator = authenticator
        self._lobby = Lobby(services, authenticator)
        self.connections = OpenConnections(
            of_an_address=services.settings.arena_connections_per_address, on_refused=self._count_refused
        )
        authenticator.on_ended(self.connections.close_signed_out)

    def find(self, path: str, address: str) -> Route:
        """Raises `Problem` `not_found`."""
        match path.removeprefix(PREFIX).split("/"):
            case ["lobby"]:
                return Route(self._lobby.conversation(self._limits.of_watcher(address)), anybody=True)
            case ["bots", name] if bot_id := _uuid(name):
                limits = self._limits.of_watcher(address)
                return Route(spectate(self._services, self._authenticator, limits, bot_id), anybody=True)
            case ["chats", name] if session_id := _uuid(name):
                conversation = chat(self._services, self._authenticator, self._limits, session_id, address)
                return Route(conversation, session_id=session_id)
        raise Problem("not_found", "There is nothing here", 404)

    async def serve(self, request: OpeningRequest, accept: Accept) -> None:
        """Let the client in and hold the conversation until it is over.

        Raises:
            Problem: before `accept` is called: to be answered instead of accepting.
        """
        self._limits.check(Scope.REQUESTS_ADDRESS, request.address)
        route = self.find(request.path, request.address)
        with self.connections.from_address(request.address):
            admission = admit(
                self._services.settings,
                self._authenticator.tokens,
                origin=request.origin,
                offered=request.offered,
                authorization=request.authorization,
                anybody=route.anybody,
            )
            who = admission.who
            if isinstance(who, Problem):
                connection = await accept(admission.subprotocol, None)
                await connection.run(_refuse(who))
            else:
                connection = await accept(admission.subprotocol, who)
                await connection.run(self._counted(route))

    def _counted(self, route: Route) -> Conversation:
        async def converse(connection: Connection) -> None:
            with self.connections.holding(connection, route.session_id):
                await route.conversation(connection)

        return converse

    def _count_refused(self) -> None:
        self._limits.refused["connections_address"] += 1


def _refuse(problem: Problem) -> Conversation:
    """The shortest one: a browser cannot see the answer to its handshake, so it is told here."""

    async def converse(_connection: Connection) -> None:
        raise problem

    return converse


def _uuid(text: str) -> UUID | None:
    """Only as we write it, so that there is one address for one thing."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
