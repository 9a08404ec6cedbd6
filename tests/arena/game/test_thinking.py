"""Brains are bounded: in time, and in what their failure does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
import trio

from arena.brains import Delta, Turn, Verdict
from arena.game.thinking import Unjudged, think


class Scripted:
    """A brain that says what it is given."""

    def __init__(self, *parts: Delta | Verdict | float | Exception) -> None:
        self._parts = parts

    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        for part in self._parts:
            match part:
                case Exception():
                    raise part
                case float():
                    await trio.sleep(part)
                case _:
                    yield part


async def verdict_of(brain: Scripted, deltas: list[str] | None = None) -> Verdict | Unjudged:
    said = [] if deltas is None else deltas
    return await think(brain, "hello", [], 1, deadline=30, on_delta=said.append)


async def test_deltas_come_as_they_are_said_and_then_the_verdict(autojump_clock: trio.abc.Clock) -> None:
    deltas: list[str] = []
    verdict = await verdict_of(Scripted(Delta("hel"), 1.0, Delta("lo"), Verdict(False, "hello")), deltas)
    assert verdict == Verdict(False, "hello")
    assert deltas == ["hel", "lo"]


@pytest.mark.parametrize(
    "brain",
    [
        pytest.param(Scripted(Delta("hm"), ValueError("lost the thread")), id="raises"),
        pytest.param(Scripted(Delta("hm"), 31.0, Verdict(True, "late")), id="takes too long"),
        pytest.param(Scripted(Delta("hm")), id="says nothing"),
        pytest.param(Scripted(), id="is silent"),
    ],
)
async def test_a_brain_that_fails_has_no_verdict(brain: Scripted, autojump_clock: trio.abc.Clock) -> None:
    assert await verdict_of(brain) is Unjudged.FAILED


async def test_a_verdict_that_came_before_the_end_of_time_counts(autojump_clock: trio.abc.Clock) -> None:
    assert await verdict_of(Scripted(29.0, Verdict(True, "just in time"))) == Verdict(True, "just in time")


async def test_cancelling_is_not_a_failure_of_the_brain(autojump_clock: trio.abc.Clock) -> None:
    with trio.move_on_after(1) as scope:
        await verdict_of(Scripted(10.0, Verdict(False, "")))
    assert scope.cancelled_caught
