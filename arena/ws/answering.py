"""Asking an actor about a client's frames: beside each other, each within its time, and never too many at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import trio

from actors import ActorError, ActorRef, Inquiry, Message

T = TypeVar("T")


class _Asked(Generic[T]):
    """A question that is not answered yet; `deadline` is on trio's clock."""

    __slots__ = ("deadline", "inquiry", "item")

    def __init__(self, item: T, deadline: float) -> None:
        self.item = item
        self.deadline = deadline
        self.inquiry: Inquiry[Any] | None = None


class Answering(Generic[T]):
    """Asks `actor` about items, which may be anything. No task waits for an answer: to begin and end one, or only to
    wake it, costs more than most answers.

    Args:
        nursery: when it ends, nobody is told anything any more.
        answered: takes an item and its answer, in the actor's task; does not raise.
        failed: takes an item, and what kept it from an answer; `trio.TooSlowError` after `seconds`.
        limit: items that are being asked about at once.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        actor: ActorRef,
        answered: Callable[[T, Any], None],
        failed: Callable[[T, BaseException], None],
        *,
        seconds: float,
        limit: int,
    ) -> None:
        self._nursery = nursery
        self._actor = actor
        self._answered = answered
        self._failed = failed
        self._seconds = seconds
        self._limit = limit
        # in the order of their deadlines, as all have the same time
        self._asked: dict[_Asked[T], None] = {}
        self._watching = False

    def begin(self, item: T, message: Message[Any]) -> bool:
        """Ask about the item; False: too many others have no answer yet."""
        if len(self._asked) >= self._limit:
            return False
        asked = _Asked(item, trio.current_time() + self._seconds)
        self._asked[asked] = None
        if not self._watching:
            self._watching = True
            self._nursery.start_soon(self._watch)
        try:
            asked.inquiry = self._actor.inquire(
                message, partial(self._take, asked), partial(self._fail, asked)
            )
        except ActorError as error:
            self._fail(asked, error)
        return True

    async def _watch(self) -> None:
        """Give up on what takes too long, for as long as there is anything; when cancelled, on all."""
        try:
            while True:
                # it looks once in a while, not at every item: the next one that is begun is late after that at the
                # earliest
                oldest = next(iter(self._asked), None)
                await trio.sleep_until(
                    oldest.deadline if oldest is not None else trio.current_time() + self._seconds
                )
                self._give_up(trio.current_time())
                if not self._asked:
                    return
        finally:
            self._watching = False
            for asked in self._asked:
                if asked.inquiry is not None:
                    asked.inquiry.cancel()
            self._asked.clear()

    def _give_up(self, now: float) -> None:
        for asked in [asked for asked in self._asked if asked.deadline <= now]:
            if asked.inquiry is not None:
                asked.inquiry.cancel()
            self._fail(asked, trio.TooSlowError())

    def _take(self, asked: _Asked[T], answer: object) -> None:
        del self._asked[asked]
        self._answered(asked.item, answer)

    def _fail(self, asked: _Asked[T], error: BaseException) -> None:
        del self._asked[asked]
        self._failed(asked.item, error)
