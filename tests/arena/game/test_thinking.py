"""A brain gets its time and no more, and its failures stay its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import trio
from trio.testing import MockClock

from arena.brains import Delta, Turn, Verdict
from arena.game.thinking import MAX_REPLY, think

Answer = Callable[[], AsyncIterator[Delta | Verdict]]


class Brain:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[tuple[str, Sequence[Turn], int]] = []

    def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        self.asked.append((message, history, message_index))
        return self._answer()


async def run(answer: Answer, deltas: list[str] | None = None) -> Verdict | None:
    said: list[str] = [] if deltas is None else deltas
    return await think(Brain(answer), "hello", [], 7, deadline=30, on_delta=said.append)


async def test_the_verdict_comes_after_the_pieces_of_the_reply() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        yield Delta("not ")
        yield Delta("yet")
        yield Verdict(False, "not yet")

    deltas: list[str] = []
    assert await run(answer, deltas) == Verdict(False, "not yet")
    assert deltas == ["not ", "yet"]


async def test_the_brain_is_told_what_it_needs() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        yield Verdict(True, "yes")

    brain, history = Brain(answer), [Turn(3, "earlier", "no")]
    await think(brain, "hello", history, 7, deadline=30, on_delta=lambda _: None)
    assert brain.asked == [("hello", history, 7)]


async def test_a_brain_that_takes_too_long_is_stopped(autojump_clock: MockClock) -> None:
    ended = []

    async def answer() -> AsyncIterator[Delta | Verdict]:
        try:
            yield Delta("well")
            await trio.sleep_forever()
        finally:
            ended.append(trio.current_time())

    began = trio.current_time()
    assert await run(answer) is None
    assert trio.current_time() - began == 30
    assert len(ended) == 1


async def test_a_brain_that_raises_gave_no_verdict() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        yield Delta("well")
        raise RuntimeError("out of wits")

    assert await run(answer) is None


async def test_a_brain_that_says_nothing_gave_no_verdict() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        yield Delta("well")

    assert await run(answer) is None


async def test_the_end_of_the_server_is_no_failure_of_the_brain() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        await trio.sleep_forever()
        yield Verdict(False, "")

    with trio.CancelScope() as scope:
        scope.cancel()
        await run(answer)
        pytest.fail("cancellation has to pass through")
    assert scope.cancelled_caught


async def test_a_reply_that_cannot_be_stored_is_cleaned() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        yield Delta("a\0b")
        yield Verdict(True, "a\0b\ud800")

    deltas: list[str] = []
    verdict = await run(answer, deltas)
    assert verdict == Verdict(True, "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}")
    assert deltas == ["a\N{REPLACEMENT CHARACTER}b"]


async def test_a_reply_has_a_limit() -> None:
    async def answer() -> AsyncIterator[Delta | Verdict]:
        for _ in range(10):
            yield Delta("x" * MAX_REPLY)
        yield Verdict(False, "x" * 10 * MAX_REPLY)

    deltas: list[str] = []
    verdict = await run(answer, deltas)
    assert verdict is not None
    assert len(verdict.reply) == MAX_REPLY
    assert sum(map(len, deltas)) == MAX_REPLY
