"""Notices when something blocks the event loop, from a thread beside it: nobody inside could."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

logger = logging.getLogger("actors")

MAX_STACK = 30
"""Innermost frames that are shown of what blocks the loop."""


class LoopWatch:
    """What has been seen of the event loop so far."""

    def __init__(self) -> None:
        self.blocked = 0
        """How often the loop did not turn for too long."""
        self.lag = 0.0
        """How long the last question took to be answered, in seconds: what every task waits for its turn."""


@asynccontextmanager
async def watch_event_loop(*, blocked_after: float = 1.0, interval: float = 0.5) -> AsyncIterator[LoopWatch]:
    """Ask the event loop every ``interval`` seconds for a sign of life, until the end of the block.

    When there is none for ``blocked_after`` seconds, the stack of what runs instead is logged, while it still does:
    a handler that computes for too long, waits for a lock, or calls something that blocks. Times are of the wall
    clock, also under a test's.
    """
    watch = LoopWatch()
    token = trio.lowlevel.current_trio_token()
    loop_thread = threading.get_ident()
    over = threading.Event()

    def ask() -> None:
        while not over.wait(interval):
            turned = threading.Event()
            asked = time.monotonic()
            try:
                token.run_sync_soon(turned.set)
            except trio.RunFinishedError:
                return
            if not turned.wait(blocked_after) and not over.is_set():
                watch.blocked += 1
                logger.error(
                    "the event loop has been blocked for %.1f s, by:\n%s", blocked_after, _stack(loop_thread)
                )
                while not turned.wait(interval):
                    if over.is_set():
                        return
                logger.error("the event loop turns again after %.1f s", time.monotonic() - asked)
            watch.lag = time.monotonic() - asked

    thread = threading.Thread(target=ask, name="event-loop-watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        # it notices within an instant, as all its waits end with one of the two events, or at the next interval
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(thread.join)


def _stack(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    if frame is None:
        return "(its thread is gone)"
    return "".join(traceback.format_stack(frame, limit=None)[-MAX_STACK:]).rstrip()
