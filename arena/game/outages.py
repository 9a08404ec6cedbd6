"""Outages of Postgres and of the chain's node: a state that actors live through, not a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from arena.chain.client import ChainUnavailable
from arena.problems import unavailable
from persistence import DatabaseUnavailable


@contextmanager
def outages_are_refusals() -> Iterator[None]:
    """Answer an outage with a refusal that says when to try again.

    Right where questions are asked before anything is changed: the journal waits by itself until it can write.
    """
    try:
        yield
    except DatabaseUnavailable as error:
        raise unavailable("database") from error
    except ChainUnavailable as error:
        raise unavailable("chain", retry_after=ceil(error.retry_after or 1)) from error
