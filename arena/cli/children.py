"""The child processes of `arena serve`: Postgres and the local chain, when no others are named.

Linux delivers the parent-death signal when the *thread* that forked ends. So one thread starts them, restarts them, and
lives as long as this process does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

import structlog
import trio

log = structlog.get_logger(__name__)

T = TypeVar("T")

POLL_INTERVAL = 0.5
BACKOFF_INITIAL = 0.5
BACKOFF_MAX = 30.0


class Child(Protocol):
    """A process that we own."""

    def start(self) -> object: ...
    def poll(self) -> int | None: ...
    def restart(self) -> object: ...
    def stop(self) -> None: ...


class Children:
    """Starts children, and starts again those that die."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self._started: list[tuple[str, Child]] = []

    def start(self, name: str, child: Child, start: Callable[[], T]) -> T:
        """Run `start`, which starts `child`, in the children's thread."""
        result = self._thread.submit(start).result()
        self._started.append((name, child))
        return result

    async def watch(self) -> None:
        """Restart whichever child ends, with a growing pause while it does not stay up."""
        async with trio.open_nursery() as nursery:
            for name, child in self._started:
                nursery.start_soon(self._keep, name, child)

    async def _keep(self, name: str, child: Child) -> None:
        pause = BACKOFF_INITIAL
        while True:
            started_at = trio.current_time()
            while (code := child.poll()) is None:
                await trio.sleep(POLL_INTERVAL)
            if trio.current_time() - started_at > BACKOFF_MAX:
                pause = BACKOFF_INITIAL
            log.error("child_ended", child=name, exit_code=code, restart_in=pause)
            await trio.sleep(pause)
            pause = min(2 * pause, BACKOFF_MAX)
            future = self._thread.submit(child.restart)
            try:
                await trio.to_thread.run_sync(future.result)
                log.info("child_restarted", child=name)
            except Exception:
                log.exception("child_does_not_start", child=name)

    def stop(self) -> None:
        """Stop all, the last started first."""
        while self._started:
            name, child = self._started.pop()
            try:
                self._thread.submit(child.stop).result()
            except Exception:
                log.exception("child_does_not_stop", child=name)


@contextmanager
def children() -> Iterator[Children]:
    """Children that are stopped at the end of the block."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="children") as thread:
        kept = Children(thread)
        try:
            yield kept
        finally:
            kept.stop()
