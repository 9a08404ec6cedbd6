"""Asking several things of a node at once, but not too many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio

from arena.chain.rpc import ChainUnavailable

T = TypeVar("T")
ItemT = TypeVar("ItemT")


async def in_parallel(
    ask: Callable[[ItemT], Awaitable[T]], items: Sequence[ItemT], *, at_once: int
) -> list[T]:
    """`[await ask(item) for item in items]`, with at most `at_once` under way.

    Raises:
        ChainUnavailable: one of them did; the others are cancelled.
    """
    answers: dict[int, T] = {}
    failure: ChainUnavailable | None = None
    waiting = iter(enumerate(items))

    async def work(scope: trio.CancelScope) -> None:
        nonlocal failure
        for place, item in waiting:
            try:
                answers[place] = await ask(item)
            except ChainUnavailable as error:
                failure = failure or error
                scope.cancel()

    async with trio.open_nursery() as nursery:
        for _ in range(min(at_once, len(items))):
            nursery.start_soon(work, nursery.cancel_scope)
    if failure is not None:
        raise failure
    return [answers[place] for place in range(len(items))]
