"""Runs a brain for one message: bounded in time and in words, never in the way of the bot's mailbox."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum

import structlog
import trio

from arena.brains import Brain, Delta, Prompt, SpendingLimitReached, Turn, Verdict

log = structlog.get_logger(__name__)

_UNPRESENTABLE = re.compile("[\0\ud800-\udfff]")
MAX_REPLY = 10_000
"""Characters of a reply; what goes beyond is cut off."""


class Unjudged(StrEnum):
    """Why a message has no verdict; its fee goes back with this as the reason."""

    FAILED = "unjudged"
    SPENT = "spending_limit"


class AbsentBrain:
    """Of a bot whose kind of brain is not there any more."""

    def unavailable(self) -> str:
        return "This arena does not have its kind of brain any more."

    async def answer(
        self,
        message: str,  # noqa: ARG002 -- of the interface
        history: Sequence[Turn],  # noqa: ARG002
        message_index: int,  # noqa: ARG002
    ) -> AsyncIterator[Delta | Verdict]:
        nothing: tuple[Verdict, ...] = ()
        for verdict in nothing:
            yield verdict


async def think(
    brain: Brain,
    text: str,
    history: Sequence[Turn],
    message_index: int,
    *,
    deadline: float,
    on_delta: Callable[[str], None],
) -> Verdict | Unjudged:
    """The brain's verdict, or why there is none: it failed, said nothing, or took longer than `deadline` seconds.

    What a brain raises ends here: it is a plug-in, and its failure is the player's refund, not the bot's crash.
    For the same reason its reply is made fit to be stored and shown.
    """
    verdict: Verdict | None = None
    shown = 0
    with trio.move_on_after(deadline) as scope:
        try:
            async for part in brain.answer(text, history, message_index):
                match part:
                    case Delta(piece):
                        if piece := _presentable(piece, MAX_REPLY - shown):
                            shown += len(piece)
                            on_delta(piece)
                    case Verdict(solved, reply):
                        verdict = Verdict(solved, _presentable(reply, MAX_REPLY))
        except SpendingLimitReached as limit:
            log.warning("brain_has_spent_too_much", message_index=message_index, reason=str(limit))
            return Unjudged.SPENT
        except Exception:
            log.exception("brain_failed", message_index=message_index)
            return Unjudged.FAILED
    if scope.cancelled_caught:
        log.warning("brain_timed_out", message_index=message_index, deadline=deadline)
    elif verdict is None:
        log.warning("brain_gave_no_verdict", message_index=message_index)
    return verdict or Unjudged.FAILED


def think_at_once(brain: Prompt, text: str, history: Sequence[Turn], message_index: int) -> Verdict | None:
    """The verdict of a brain that need not think; None: it has to, or failed, which it may do again in `think`."""
    try:
        verdict = brain.at_once(text, history, message_index)
    except Exception:
        log.exception("brain_failed", message_index=message_index)
        return None
    return verdict and Verdict(verdict.solved, _presentable(verdict.reply, MAX_REPLY))


def _presentable(text: str, limit: int) -> str:
    """`text` as JSON, UTF-8 and Postgres take it, at most `limit` characters of it."""
    return _UNPRESENTABLE.sub("\N{REPLACEMENT CHARACTER}", text[:limit])
