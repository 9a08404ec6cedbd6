"""The chat as the arena serves it: our actors behind our gateway. `python -m benchmarks.chat.on_gateway PORT`."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace
from typing import cast

import trio
from arena.front import Gateway
from arena.ws.conversations import Accept, Conversations, OpeningRequest
from quart_trio import QuartTrio

from arena.game.services import Services
from arena.game.traffic import Traffic
from arena.settings import load_settings
from arena.ws.connection import Conversation
from benchmarks.chat.conversation import open_chat
from benchmarks.chat.exchange import settle_memory


class OneConversation:
    """Stands where the arena's `Conversations` do: anybody may have this one, at any path."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def serve(self, request: OpeningRequest, accept: Accept) -> None:  # noqa: ARG002
        connection = await accept(None, None)
        await connection.run(self._conversation)


def gateway(conversation: Conversation) -> Gateway:
    """The arena's front door with this conversation behind it, and no game."""
    settings = load_settings(arena_connections_per_address=0)
    services = SimpleNamespace(settings=settings, traffic=Traffic())
    return Gateway(
        QuartTrio(__name__),
        cast("Services", services),
        cast("Conversations", OneConversation(conversation)),
    )


async def main(port: int) -> None:
    async with open_chat() as conversation, gateway(conversation).open([_listener(port)]):
        settle_memory()
        await trio.sleep_forever()


def _listener(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=1024)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
