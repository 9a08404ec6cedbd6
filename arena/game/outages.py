"""Outages of Postgres and of the chain's node: a state that actors live through, not a crash."""

from __future__ import annotations

from math import ceil
from types import TracebackType

from arena.chain.client import ChainUnavailable
from arena.problems import unavailable
from persistence import DatabaseUnavailable


class OutagesAreRefusals:
    """Answers an outage with a refusal that says when to try again, as a context manager.

    Right where questions are asked before anything is changed: the journal waits by itself until it can write.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        match error:
            case DatabaseUnavailable():
                raise unavailable("database") from error
            case ChainUnavailable():
                raise unavailable("chain", retry_after=ceil(error.retry_after or 1)) from error


outages_are_refusals = OutagesAreRefusals()
"""It has no state, so one is enough."""
