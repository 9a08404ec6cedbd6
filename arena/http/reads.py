"""Reads that many ask for: one read of the database answers all who ask at the same time.

A read is known by its URL. What a URL asks for is found out by its handler when somebody asks for the first time; after
that `arena.http.shortcut` has it answered without a handler. Nothing is older than the question it answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from arena.edge.failures import as_problem
from arena.edge.shared_read import SharedRead
from arena.http.caching import Representation
from arena.problems import Problem

MAX_KNOWN: Final = 256
"""URLs that are remembered."""
MAX_URL: Final = 1024
"""Bytes of a URL that is remembered."""

Url: TypeAlias = tuple[bytes, bytes]
"""Path and query, as they were sent."""
Read: TypeAlias = Callable[[], Awaitable[Representation]]


class KnownRead:
    """What a URL asks for, of anybody: it may not depend on who asks.

    Attributes:
        route: of the handler, for the log.
    """

    def __init__(self, route: str, read: Read) -> None:
        self.route = route
        self._read = read
        self._shared = SharedRead(self._found)

    async def get(self) -> Representation:
        """A read that began after this was called. Raises `Problem`."""
        found = await self._shared.get()
        if isinstance(found, Problem):
            raise found
        return found

    async def _found(self) -> Representation | Problem:
        try:
            return await self._read()
        except Exception as error:
            # in an outage nobody has to try again only because he waited for somebody else
            if (problem := as_problem(error)) is None:
                raise
            return problem


class Reads:
    """Those that were asked for lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[Url, KnownRead] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, url: Url) -> KnownRead | None:
        """The read, if it is known."""
        found = self._known.get(url)
        if found is not None:
            self._known.move_to_end(url)
        return found

    def learn(self, url: Url, route: str, read: Read) -> KnownRead:
        """The read of this URL, from now on known."""
        found = self.find(url)
        if found is None:
            found = KnownRead(route, read)
            if sum(map(len, url)) <= MAX_URL:
                self._known[url] = found
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return found
