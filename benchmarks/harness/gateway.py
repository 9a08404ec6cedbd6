"""The arena's gateway with one conversation behind it, and no game."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import cast

import trio
from quart_trio import QuartTrio

from arena.front import Gateway
from arena.game.services import Services
from arena.game.traffic import Traffic
from arena.garbage import settle_memory
from arena.settings import load_settings
from arena.ws.connection import Conversation
from arena.ws.conversations import Accept, Conversations, OpeningRequest


class OneConversation:
    """Stands where the arena's `Conversations` do: anybody may have this one, at any path."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def serve(self, request: OpeningRequest, accept: Accept) -> None:  # noqa: ARG002
        connection = await accept(None, None)
        await connection.run(self._conversation)


async def serve(conversation: Conversation, port: int) -> None:
    """Until it is cancelled."""
    services = SimpleNamespace(settings=load_settings(arena_connections_per_address=0), traffic=Traffic())
    gateway = Gateway(
        QuartTrio(__name__),
        cast("Services", services),
        cast("Conversations", OneConversation(conversation)),
    )
    async with gateway.open([socket.create_server(("127.0.0.1", port), backlog=1024)]):
        settle_memory()
        await trio.sleep_forever()
