"""The lobby: tells its subscribers which pots have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors import Actor, Publisher
from arena.game.messages import BotChanged, LobbyEntry, LobbyMessage, SubscribeLobby


class LobbyActor(Actor[LobbyMessage]):
    """Fans out what bots report.

    Pages read the tables; only changes come through here. Entries are absolute, so that one lost to a full mailbox is
    made good by the next.
    """

    mailbox_capacity = 4096

    def __init__(self) -> None:
        self._publisher: Publisher[LobbyEntry] = Publisher()
        self._changes = 0

    async def started(self) -> None:
        self.context.on_end(self._publisher.close)

    async def receive(self, message: LobbyMessage) -> Any:
        match message:
            case BotChanged(entry):
                self._changes += 1
                self._publisher.publish(entry)
                return None
            case SubscribeLobby():
                return self._publisher.subscribe()

    def describe(self) -> Mapping[str, object]:
        return {"changes": self._changes}
