"""When Python looks for garbage: objects that nothing refers to but each other.

All else is freed at once, by counting references, and the arena takes care to leave no such circles: a conversation, a
session or a bot that ends is gone with its last reference. So the collector seldom finds anything, and what it costs is
that everybody waits while it looks: 2 ms for young objects, 0.1 s and more for all of them.
"""

from __future__ import annotations

import gc
import sys
from time import perf_counter
from typing import Final, Never

import structlog
import trio

log = structlog.get_logger(__name__)

NEVER: Final = 1_000_000_000
THRESHOLDS: Final = (1_000, 1, NEVER)
"""So many new objects are looked through together, and once more later. Those that are still there then wait for
`collect_when_due`."""
LOOK_SECONDS: Final = 1.0
"""How often it is looked whether that is due."""
GROWTH: Final = 0.5
"""The share by which memory has grown when all of it is looked through: what has come since may be garbage."""
MIN_GROWTH: Final = 1_000_000
"""Blocks of memory, of about 80 bytes, that are not worth looking for."""
MAX_SECONDS: Final = 3600.0
"""All of memory is looked through so often in any case."""


def settle_memory() -> None:
    """Have the collector leave alone what is there now and will stay, and look through young objects only."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def is_due(blocks: int, *, after_last: int, seconds: float) -> bool:
    """Whether to look through all of memory.

    Args:
        blocks: of memory that are in use.
        after_last: the same when that was done last.
        seconds: since then.
    """
    growth = blocks - after_last
    return growth >= max(MIN_GROWTH, after_last * GROWTH) or (seconds >= MAX_SECONDS and growth > 0)


async def collect_when_due(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> Never:
    """Settle memory, then look through all of it whenever that is due, until cancelled. All waits meanwhile."""
    before = gc.get_threshold()
    settle_memory()
    task_status.started()
    blocks, looked_at = sys.getallocatedblocks(), trio.current_time()
    try:
        while True:
            await trio.sleep(LOOK_SECONDS)
            grown, now = sys.getallocatedblocks(), trio.current_time()
            if is_due(grown, after_last=blocks, seconds=now - looked_at):
                begin = perf_counter()
                found = gc.collect()
                blocks, looked_at = sys.getallocatedblocks(), now
                seconds = round(perf_counter() - begin, 3)
                log.info("garbage_collected", seconds=seconds, objects=found, freed_blocks=grown - blocks)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
