"""All open websockets of this server: how many there may be, and telling them to leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import trio

from arena.edge.failures import RETRY_AFTER
from arena.edge.identity import Identity
from arena.edge.tokens import token_revoked
from arena.game.winding_down import shutting_down
from arena.problems import Problem
from arena.ws.connection import RESUME, CloseCode, Connection, ConnectionClosed
from arena.ws.protocol import error_frame

MAX_CONNECTIONS = 10_000
MAX_CONNECTIONS_OF_STRANGERS = 5_000
"""Of clients that are not signed in: they cannot take the place of all players."""
MAX_CONNECTIONS_OF_A_USER = 20
MAX_CONNECTIONS_OF_A_SESSION = 8
"""Tabs with one chat."""


class OpenConnections:
    """Counts connections: all, those of each address, of strangers, of each user and of each chat; `close_all` is for
    the server's shutdown.

    Args:
        of_an_address: 0: no limit.
        on_refused: called when an address has too many.
    """

    def __init__(
        self,
        limit: int = MAX_CONNECTIONS,
        *,
        of_an_address: int = 0,
        of_strangers: int = MAX_CONNECTIONS_OF_STRANGERS,
        of_a_user: int = MAX_CONNECTIONS_OF_A_USER,
        of_a_session: int = MAX_CONNECTIONS_OF_A_SESSION,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._limit = limit
        self._limit_of_an_address = of_an_address
        self._on_refused = on_refused
        self._of_address: Counter[str] = Counter()
        self._limit_of_strangers = of_strangers
        self._limit_of_a_user = of_a_user
        self._limit_of_a_session = of_a_session
        self._connections: dict[Connection, None] = {}
        self._counts: Counter[object] = Counter()
        self._closing = False
        self._empty = trio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._connections)

    def check_room(self) -> None:
        """Raises `Problem` `too_many_connections` when nobody else can be let in, `shutting_down` when it
        is late.
        """
        if self._closing:
            raise shutting_down()
        if len(self._connections) >= self._limit:
            raise too_many_connections("The server holds as many connections as it can.")

    @contextmanager
    def from_address(self, address: str) -> Iterator[None]:
        """Count a connection of this address, from before it is accepted until it is over.

        Raises `Problem` 429 `too_many_connections`, and as `check_room`.
        """
        self.check_room()
        if 0 < self._limit_of_an_address <= self._of_address[address]:
            self._on_refused()
            raise too_many_connections(
                f"An address has at most {self._limit_of_an_address} connections.", 429
            )
        self._of_address[address] += 1
        try:
            yield
        finally:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    @contextmanager
    def holding(self, connection: Connection, session_id: UUID | None = None) -> Iterator[None]:
        """Count the connection while it lives; with `session_id`, as one of that chat.

        Raises as `check_room`, and when there are too many of its kind: those that are there stay.
        """
        self.check_room()
        counted = self._counted(connection, session_id)
        for key, limit, detail in counted:
            if self._counts[key] >= limit:
                raise too_many_connections(detail)
        self._counts.update(key for key, _, _ in counted)
        self._connections[connection] = None
        self._empty = trio.Event() if self._empty.is_set() else self._empty
        try:
            yield
        finally:
            del self._connections[connection]
            for key, _, _ in counted:
                self._counts[key] -= 1
                if not self._counts[key]:
                    del self._counts[key]
            if not self._connections:
                self._empty.set()

    def _counted(self, connection: Connection, session_id: UUID | None) -> list[tuple[object, int, str]]:
        """As what it counts: a key, how many there may be, and what to say when there are."""
        if connection.identity is None:
            limit = self._limit_of_strangers
            return [("strangers", limit, "Sign in: no more clients that are not can be let in.")]
        user = connection.identity.user_id
        limit = self._limit_of_a_user
        counted: list[tuple[object, int, str]] = [(user, limit, f"A user has at most {limit} connections.")]
        if session_id is not None:
            limit = self._limit_of_a_session
            # the user is part of the key: strangers who are about to be refused take nobody's place
            counted.append(((user, session_id), limit, f"A chat has at most {limit} connections."))
        return counted

    def close_signed_out(self, is_over: Callable[[Identity], bool]) -> None:
        """Close the connections of sessions that have ended."""
        for connection in list(self._connections):
            if connection.identity is not None and is_over(connection.identity):
                connection.close(CloseCode.UNAUTHORIZED, token_revoked().code)

    async def close_all(self, within: float) -> None:
        """Tell every client when to connect again and resume, let nobody in, and wait until they are gone, in
        seconds.
        """
        self._closing = True
        farewell = error_frame(shutting_down())
        for connection in list(self._connections):
            with suppress(ConnectionClosed):
                connection.send_nowait(farewell)
            connection.close(CloseCode.GOING_AWAY, RESUME)
        with trio.move_on_after(within):
            await self._empty.wait()


def too_many_connections(detail: str, status: int = 503) -> Problem:
    """`detail` says of which kind."""
    return Problem(
        "too_many_connections", "Too many connections", status, detail, {"retry_after": RETRY_AFTER}
    )
