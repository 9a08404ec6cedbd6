"""How a node is told to answer badly, for tests: by HTTP only, and for the methods and as often as asked.

The pubsub side stays as it is: it may well be another node behind the same address. Methods whose name begins
with `arena_` and `GET /health` are always answered properly.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import trio

CONTROL = "arena_"
NONSENSE = b"<html><body>Bad gateway</body></html>"


class Fault(StrEnum):
    RATE_LIMITED = "rateLimited"
    """429 with Retry-After"""
    SILENT = "silent"
    """no answer, and the connection is cut in the end"""
    NONSENSE = "nonsense"
    """200 with a body of the test's choice"""
    LAGGING = "lagging"
    """the state and the history as of some slots ago"""


@dataclass(slots=True)
class Misbehaviour:
    """What the node does instead of answering."""

    fault: Fault
    methods: frozenset[str] | None = None
    """which methods it is about; None: all"""
    requests: int | None = None
    """how many requests it is about; None: all until told otherwise"""
    retry_after: int = 1
    """seconds, with `RATE_LIMITED`"""
    body: bytes = NONSENSE
    """with `NONSENSE`"""
    slots: int = 0
    """how far behind, with `LAGGING`"""
    over: trio.Event = field(default_factory=trio.Event)
    """set when the node was told to behave otherwise"""

    def strikes(self, methods: frozenset[str]) -> bool:
        """Whether a request for these methods is not answered properly; counts it."""
        concerned = {method for method in methods if not method.startswith(CONTROL)}
        if self.fault is Fault.LAGGING or self.requests == 0:
            return False
        if not (concerned if self.methods is None else concerned & self.methods):
            return False
        if self.requests is not None:
            self.requests -= 1
        return True
