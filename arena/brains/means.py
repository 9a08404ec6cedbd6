"""All that the arena lends to brains beyond a bot's own configuration."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol


class SpendingLimitReached(Exception):
    """The bot, or the whole arena, has spent for today what it may."""


class Purse(Protocol):
    """What one bot may spend on a language model today, in tokens."""

    def spent(self) -> bool:
        """Whether a further message would be refused. Cheap; asked for each quote."""
        ...

    def reserve(self, tokens: int) -> Awaitable[None]:
        """Set tokens aside, durably, before they are spent.

        Raises:
            SpendingLimitReached: the bot's limit or the arena's would be exceeded; nothing is set aside.
        """
        ...

    def correct(self, reserved: int, used: int) -> Awaitable[None]:
        """Of ``reserved`` tokens ``used`` were spent. Not called: all of them count as spent."""
        ...


class EmptyPurse:
    """Of an arena that spends nothing."""

    def spent(self) -> bool:
        return True

    async def reserve(self, tokens: int) -> None:
        raise SpendingLimitReached("this arena spends nothing")

    async def correct(self, reserved: int, used: int) -> None:
        raise AssertionError("nothing was reserved")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The language models that brains may talk to: the operator's own, and whole URLs that creators may name.

    Nothing else is ever connected to, so that a bot's configuration cannot make the server reach into its own network.
    """

    url: str | None = None
    """The operator's endpoint; None: there is none."""
    key: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    """What bots may use at the operator's endpoint."""
    allowed: frozenset[str] = frozenset()
    """Where creators may use credentials of their own."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a brain is made with."""

    endpoints: Endpoints = Endpoints()
    purse: Purse = field(default_factory=EmptyPurse)
