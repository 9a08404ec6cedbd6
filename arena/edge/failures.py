"""What went wrong inside, as a problem that users are told about."""

from __future__ import annotations

from math import ceil

import trio

from actors import ActorCrashed, ActorError, ActorStopped, MailboxFull
from arena.chain.client import ChainUnavailable
from arena.problems import Problem, unavailable
from persistence import DatabaseUnavailable

RETRY_AFTER = 2
"""Seconds after which trying again is worth it, when nothing better is known."""


def busy(detail: str = "It took too long. Nothing was lost; try again.") -> Problem:
    """503: the work was not done in time. Every step is safe to repeat."""
    return Problem("busy", "The arena is busy", 503, detail, {"retry_after": RETRY_AFTER})


def as_problem(error: BaseException) -> Problem | None:
    """The problem to answer with, or None for an error of ours that nobody expected."""
    match error:
        case Problem():
            return error
        case DatabaseUnavailable():
            return unavailable("database", "The database cannot be reached right now.", RETRY_AFTER)
        case ChainUnavailable():
            wait = ceil(error.retry_after or RETRY_AFTER)
            return unavailable("chain", "The Solana node cannot be reached right now.", wait)
        case trio.TooSlowError():
            return busy()
        case MailboxFull():
            return busy("Too many wait for the same thing.")
        case ActorCrashed(__cause__=Exception() as cause) if (outage := as_problem(cause)) and (
            outage.status == 503
        ):
            return outage
        case ActorCrashed():
            # the actor restarts from what was committed; the crash is in the dead letters with its traceback
            return unavailable("actor", "It failed and starts again. Try again.", RETRY_AFTER)
        case ActorStopped() | ActorError():
            return unavailable("actor", "It does not run right now. Try again in a moment.", RETRY_AFTER)
        case BaseExceptionGroup() if len(error.exceptions) == 1:
            return as_problem(error.exceptions[0])
        case _:
            return None
