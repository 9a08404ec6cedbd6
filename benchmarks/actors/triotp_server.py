"""Callbacks of TriOTP's generic servers: a counter, and players that hit a ball to each other.

In TriOTP a server is a module. The state is a total, or a player: the name of the peer, and whom to tell when
the ball is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import trio
from triotp import gen_server
from triotp.helpers import current_module

from benchmarks.actors.messages import Add, Hit

__module__ = current_module()


@dataclass(frozen=True, slots=True)
class Player:
    peer: str
    over: trio.Event


async def start(state: int | Player, name: str) -> None:
    await gen_server.start(__module__, state, name=name)


async def init(state: int | Player) -> int | Player:
    return state


async def handle_call(message: Add, _caller: object, state: int) -> tuple[Any, int]:
    total = state + message.amount
    return gen_server.Reply(total), total


async def handle_cast(message: Add | Hit, state: Any) -> tuple[Any, Any]:
    match message:
        case Add(amount):
            state += amount
        case Hit(0):
            state.over.set()
        case Hit(left):
            await gen_server.cast(state.peer, Hit(left - 1))
    return gen_server.NoReply(), state
