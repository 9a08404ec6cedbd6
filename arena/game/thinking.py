"""Runs a brain for one message: bounded in time and in words, never in the way of the bot's mailbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
import trio

from arena.brains import Brain, Delta, Turn, Verdict

log = structlog.get_logger(__name__)

MAX_REPLY = 10_000
"""Characters of a reply; what goes beyond is cut off."""


async def think(
    brain: Brain,
    text: str,
    history: Sequence[Turn],
    message_index: int,
    *,
    deadline: float,
    on_delta: Callable[[str], None],
) -> Verdict | None:
    """The brain's verdict, or None when it failed, said nothing, or took longer than `deadline` seconds.

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
        except Exception:
            log.exception("brain_failed", message_index=message_index)
            return None
    if scope.cancelled_caught:
        log.warning("brain_timed_out", message_index=message_index, deadline=deadline)
    elif verdict is None:
        log.warning("brain_gave_no_verdict", message_index=message_index)
    return verdict


def _presentable(text: str, limit: int) -> str:
    """`text` as JSON, UTF-8 and Postgres take it, at most `limit` characters of it."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if char == "\0" or "\ud800" <= char <= "\udfff" else char
        for char in text[:limit]
    )
