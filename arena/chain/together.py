"""Questions of several tasks that come up in the same moment, asked together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import trio

from arena.chain.rpc import ChainUnavailable

QuestionT = TypeVar("QuestionT")
AnswerT = TypeVar("AnswerT")

MAX_TOGETHER = 50
"""Questions in one go; nodes limit their batches."""


class _Asked(Generic[QuestionT, AnswerT]):
    __slots__ = ("answer", "answered", "question")

    def __init__(self, question: QuestionT) -> None:
        self.question = question
        self.answered = trio.Event()
        self.answer: AnswerT | ChainUnavailable | None = None


class Together(Generic[QuestionT, AnswerT]):
    """Collects questions for one pass of the event loop, then asks them all.

    Nobody waits for others: the first to ask asks for all who came in the same pass.

    Args:
        ask_all: the answers to all questions in their order, each an answer or why there is none.
    """

    def __init__(
        self,
        ask_all: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT | ChainUnavailable]]],
    ) -> None:
        self._ask_all = ask_all
        self._asked: list[_Asked[QuestionT, AnswerT]] = []

    async def ask(self, question: QuestionT) -> AnswerT:
        """The answer. Raises `ChainUnavailable`."""
        while True:
            asked = _Asked[QuestionT, AnswerT](question)
            self._asked.append(asked)
            if len(self._asked) == 1:
                await self._lead(self._asked)
            else:
                if len(self._asked) == MAX_TOGETHER:
                    self._asked = []
                await asked.answered.wait()
            match asked.answer:
                case None:
                    continue  # who asked for us was cancelled
                case ChainUnavailable() as error:
                    raise ChainUnavailable(str(error), retry_after=error.retry_after) from error
                case answer:
                    return answer

    async def _lead(self, asked: list[_Asked[QuestionT, AnswerT]]) -> None:
        try:
            await trio.lowlevel.checkpoint()
            if self._asked is asked:
                self._asked = []
            try:
                answers = await self._ask_all([one.question for one in asked])
            except ChainUnavailable as error:
                answers = [error] * len(asked)
            for one, answer in zip(asked, answers, strict=True):
                one.answer = answer
        finally:
            if self._asked is asked:
                self._asked = []
            for one in asked:
                one.answered.set()
