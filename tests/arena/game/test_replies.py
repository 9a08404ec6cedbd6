"""Whatever a brain says, its reply can be stored and shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from arena.brains import Delta, Turn, Verdict
from arena.game.thinking import MAX_REPLY, think, think_at_once


class Says:
    """A brain that says what it is given."""

    def __init__(self, *parts: Delta | Verdict) -> None:
        self._parts = parts

    async def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        for part in self._parts:
            yield part


async def answer(*parts: Delta | Verdict) -> tuple[list[str], Verdict | None]:
    deltas: list[str] = []
    verdict = await think(Says(*parts), "hello", [], 1, deadline=30, on_delta=deltas.append)
    return deltas, verdict


async def test_characters_that_no_database_takes_are_replaced() -> None:
    deltas, verdict = await answer(Delta("a\0b"), Verdict(True, "a\0b\ud800"))
    assert verdict == Verdict(True, "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}")
    assert deltas == ["a\N{REPLACEMENT CHARACTER}b"]


async def test_a_reply_has_a_limit_and_so_have_its_pieces_together() -> None:
    deltas, verdict = await answer(*[Delta("x" * MAX_REPLY)] * 3, Verdict(False, "x" * 3 * MAX_REPLY))
    assert verdict == Verdict(False, "x" * MAX_REPLY)
    assert "".join(deltas) == "x" * MAX_REPLY


class SaysAtOnce:
    """A brain that need not think."""

    def __init__(self, reply: str) -> None:
        self._reply = reply

    def at_once(self, message: str, history: Sequence[Turn], message_index: int) -> Verdict:
        return Verdict(False, self._reply)


def test_what_is_said_at_once_is_made_fit_likewise() -> None:
    verdict = think_at_once(SaysAtOnce("a\0" + "x" * MAX_REPLY), "hello", [], 1)
    assert verdict == Verdict(False, "a\N{REPLACEMENT CHARACTER}" + "x" * (MAX_REPLY - 2))
