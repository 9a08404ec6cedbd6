"""The journal's place in an actor tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NoReturn

from actors import Actor, Message
from persistence.journal import Journal


class JournalActor(Actor[Message[Any]]):
    """Owns the journal's loop, so that its crash is supervised like any other."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def started(self) -> None:
        self.context.start_task(self._journal.run, name="writer")

    async def receive(self, message: Message[Any]) -> NoReturn:
        raise TypeError(f"the journal takes no messages: {type(message).__name__}")

    def describe(self) -> Mapping[str, object]:
        return asdict(self._journal.stats)
