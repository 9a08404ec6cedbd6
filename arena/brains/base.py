"""The interface of everything that a bot can think with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier message of the same player and what was answered; ``index`` is the message's on chain."""

    index: int
    text: str
    reply: str | None


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the reply, as it comes. Deltas may be shown early; only the verdict counts."""

    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of an answer: the whole reply, and whether the message solved the bot."""

    solved: bool
    reply: str


class Brain(Protocol):
    """Judges messages, one call each, possibly several at once; keeps nothing between calls."""

    def answer(
        self, message: str, history: Sequence[Turn], message_index: int
    ) -> AsyncIterator[Delta | Verdict]:
        """Any number of deltas, then exactly one verdict, whose reply is the deltas put together.

        ``history`` holds earlier turns of this player with this bot, oldest first. ``message_index`` counts
        the bot's messages from 1, as the chain does. What it raises means that the message could not be
        judged.
        """
        ...


@runtime_checkable
class Prompt(Protocol):
    """A brain that can often say its verdict at once: a rule, which has nothing to wait for."""

    def at_once(self, message: str, history: Sequence[Turn], message_index: int) -> Verdict | None:
        """The verdict that ``answer`` would give, if it takes no time worth mentioning: the bot waits for it.

        None: not this time. Then, or when this raises, ``answer`` is asked.
        """
        ...


@runtime_checkable
class Limited(Protocol):
    """A brain that cannot always judge. While it cannot, its bot gives no quotes."""

    def unavailable(self) -> str | None:
        """Why a message could not be judged now, in words for players; None: it could. Asked for each quote."""
        ...
