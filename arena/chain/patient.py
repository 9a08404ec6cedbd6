"""A client for whoever has many questions and can wait: what a node cannot answer now is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

from arena.chain.backoff import Backoff
from arena.chain.client import ChainClient, ChainUnavailable

T = TypeVar("T")

ATTEMPTS = 5
BACKOFF_INITIAL = 0.5
BACKOFF_MAX = 10.0


class PatientClient(ChainClient):
    """A client whose questions are repeated, with growing pauses, before they raise `ChainUnavailable`.

    A transaction is sent once: whoever sends it knows when to send it again.
    """

    async def _call(self, method: str, params: list[object], decode: Callable[[object], T]) -> T:
        backoff = Backoff(BACKOFF_INITIAL, BACKOFF_MAX)
        for _ in range(ATTEMPTS - 1):
            try:
                return await super()._call(method, params, decode)
            except ChainUnavailable as error:
                await trio.sleep(backoff.next(error.retry_after))
        return await super()._call(method, params, decode)
