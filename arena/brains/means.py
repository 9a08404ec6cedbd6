"""All that the arena lends to brains beyond a bot's own configuration."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol


class SpendingLimitReached(Exception):
    """The bot, or the whole arena, has spent for today what it may."""


class Reservation(Protocol):
    """Tokens that were set aside."""

    def correct(self, used: int) -> Awaitable[None]:
        """So many were spent, more or fewer. If this is not called, all of them count as spent."""
        ...


class Purse(Protocol):
    """What one bot may spend on a language model today, in tokens."""

    def affords(self, tokens: int) -> bool:
        """Whether so many could be set aside now. Cheap; asked for each quote."""
        ...

    def reserve(self, tokens: int) -> Awaitable[Reservation]:
        """Set tokens aside, durably, before they are spent.

        Raises:
            SpendingLimitReached: the bot's limit or the arena's would be exceeded; nothing is set aside.
        """
        ...


class Purses(Protocol):
    """Gives a bot its purse."""

    def __call__(self, limit: int | None, *, house: bool) -> Purse:
        """One of at most ``limit`` tokens a day; None: as many as the arena allows. ``house``: the operator pays."""
        ...


class _EmptyPurse:
    def affords(self, tokens: int) -> bool:
        return False

    async def reserve(self, tokens: int) -> Reservation:
        raise SpendingLimitReached("this arena spends nothing")


def _no_purse(limit: int | None, *, house: bool) -> Purse:  # noqa: ARG001 -- of the interface
    return _EmptyPurse()


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
    purses: Purses = _no_purse
