"""Text in configurations, and how set replies are spoken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import trio
from pydantic import AfterValidator, StringConstraints

from arena.brains.base import Delta

_WORDS_PER_DELTA: Final = 5


def _printable(text: str) -> str:
    if any(char < " " and char not in "\n\t" for char in text):
        raise ValueError("must not contain control characters")
    return text


Stripped = StringConstraints(strip_whitespace=True, min_length=1)
Printable = AfterValidator(_printable)


async def said(reply: str) -> AsyncIterator[Delta]:
    """Pieces of some words each that make up ``reply`` when put together."""
    await trio.lowlevel.checkpoint()
    pieces = reply.split(" ")
    for start in range(0, len(pieces), _WORDS_PER_DELTA):
        yield Delta((" " if start else "") + " ".join(pieces[start : start + _WORDS_PER_DELTA]))
