"""All open websockets of this server: how many there may be, and telling them to leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio

from arena.edge.failures import RETRY_AFTER
from arena.problems import Problem
from arena.ws.connection import RESUME, CloseCode, Connection

MAX_CONNECTIONS = 10_000
MAX_CONNECTIONS_OF_A_USER = 20


class OpenConnections:
    """Counts connections, in all, by user and by address; `close_all` is for the server's shutdown.

    Args:
        limit_of_an_address: 0: none.
        on_refused: called when an address has too many.
    """

    def __init__(
        self,
        limit: int = MAX_CONNECTIONS,
        limit_of_a_user: int = MAX_CONNECTIONS_OF_A_USER,
        limit_of_an_address: int = 0,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._limit = limit
        self._limit_of_a_user = limit_of_a_user
        self._limit_of_an_address = limit_of_an_address
        self._on_refused = on_refused
        self._of_address: dict[str, int] = {}
        self._connections: dict[Connection, None] = {}
        self._of_user: dict[object, int] = {}
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
            raise Problem(
                "shutting_down", "The server stops", 503, "Connect again.", {"retry_after": RETRY_AFTER}
            )
        if len(self._connections) >= self._limit:
            raise _too_many("The server holds as many connections as it can.")

    @contextmanager
    def from_address(self, address: str) -> Iterator[None]:
        """Count a connection of this address, from before it is accepted until it is over.

        Raises `Problem` 429 `too_many_connections`, and as `check_room`.
        """
        self.check_room()
        held = self._of_address.get(address, 0)
        if self._limit_of_an_address and held >= self._limit_of_an_address:
            self._on_refused()
            raise _too_many(f"An address has at most {self._limit_of_an_address} connections.", 429)
        self._of_address[address] = held + 1
        try:
            yield
        finally:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    @contextmanager
    def holding(self, connection: Connection) -> Iterator[None]:
        """Count the connection while it lives. Raises as `check_room`, and when its user has too many."""
        self.check_room()
        user = connection.identity.user_id
        if self._of_user.get(user, 0) >= self._limit_of_a_user:
            raise _too_many(f"A user has at most {self._limit_of_a_user} connections.")
        self._of_user[user] = self._of_user.get(user, 0) + 1
        self._connections[connection] = None
        self._empty = trio.Event() if self._empty.is_set() else self._empty
        try:
            yield
        finally:
            del self._connections[connection]
            self._of_user[user] -= 1
            if not self._of_user[user]:
                del self._of_user[user]
            if not self._connections:
                self._empty.set()

    async def close_all(self, within: float) -> None:
        """Tell every client to connect again and resume, let nobody in, and wait until they are gone, in
        seconds.
        """
        self._closing = True
        for connection in list(self._connections):
            connection.close(CloseCode.GOING_AWAY, RESUME)
        with trio.move_on_after(within):
            await self._empty.wait()


def _too_many(detail: str, status: int = 503) -> Problem:
    return Problem(
        "too_many_connections", "Too many connections", status, detail, {"retry_after": RETRY_AFTER}
    )
