"""Asking an actor about a client's frames: beside each other, each within its time, and never too many at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, Never, TypeVar

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
        answered: takes an item and its answer, in the actor's task; does not raise.
        failed: takes an item, and what kept it from an answer; `trio.TooSlowError` after `seconds`.
        limit: items that are being asked about at once.
    """

    def __init__(
        self,
        actor: ActorRef,
        answered: Callable[[T, Any], None],
        failed: Callable[[T, BaseException], None],
        *,
        seconds: float,
        limit: int,
    ) -> None:
        self._actor = actor
        self._answered = answered
        self._failed = failed
        self._seconds = seconds
        self._limit = limit
        # in the order of their deadlines, as all have the same time
        self._asked: dict[_Asked[T], None] = {}
        self._begun = trio.Event()

    def begin(self, item: T, message: Message[Any]) -> bool:
        """Ask about the item; False: too many others have no answer yet."""
        if len(self._asked) >= self._limit:
            return False
        asked = _Asked(item, trio.current_time() + self._seconds)
        self._asked[asked] = None
        self._begun.set()
        try:
            asked.inquiry = self._actor.inquire(
                message, partial(self._take, asked), partial(self._fail, asked)
            )
        except ActorError as error:
            self._fail(asked, error)
        return True

    async def watch(self) -> Never:
        """Give up on what takes too long, until cancelled; then on all."""
        try:
            while True:
                # who is busy is looked at once in a while, not at every item
                deadline = (
                    next(iter(self._asked)).deadline if self._asked else trio.current_time() + self._seconds
                )
                await trio.sleep_until(deadline)
                self._give_up(trio.current_time())
                if not self._asked:
                    self._begun = trio.Event()
                    await self._begun.wait()
        finally:
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
