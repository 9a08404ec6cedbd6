"""The chat on our actors: a session for each connection, and the bots; and the conversation with a client.

A message goes from the connection to its session and from there to a bot, whose reply goes straight to the connection,
as the frames of a live bot do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from actors import Actor, ActorRef, ActorSpec, ActorSystem, Message, RegionSpec, SupervisorSpec, open_system
from arena.ws.connection import Connection, Conversation
from arena.ws.protocol import MessageFrame
from benchmarks.chat.exchange import BOTS, MAILBOX, decoded, reply


@dataclass(frozen=True, slots=True)
class Say(Message[None]):
    """Somebody says something. The reply is handed to `deliver`, which does not wait."""

    frame: MessageFrame
    deliver: Callable[[bytes], None]


class Bot(Actor[Say]):
    mailbox_capacity = MAILBOX

    def __init__(self) -> None:
        self._messages = 0

    async def receive(self, message: Say) -> None:
        self._messages += 1
        message.deliver(reply(message.frame, self._messages))


class Session(Actor[Say]):
    """Somebody's chat with one bot."""

    mailbox_capacity = MAILBOX

    def __init__(self, bot: ActorRef) -> None:
        self._bot = bot

    async def receive(self, message: Say) -> None:
        self._bot.tell(message)


@asynccontextmanager
async def open_chat() -> AsyncIterator[Conversation]:
    """Run the actors; what it gives is the conversation of each connection."""
    system: ActorSystem

    def session(name: str) -> Session:
        return Session(system.ref(f"/bots/bot-{int(name) % BOTS}"))

    bots = SupervisorSpec("bots", [ActorSpec(f"bot-{number}", Bot) for number in range(BOTS)])
    tree = SupervisorSpec("chat", [bots, RegionSpec("sessions", "session", session, idle_after=300)])
    names = count()

    async def converse(connection: Connection) -> None:
        session = system.get("session", str(next(names)))
        deliver = connection.send_nowait
        while True:
            session.tell(Say(decoded(await connection.receive()), deliver))

    async with open_system(tree) as system:
        yield converse
