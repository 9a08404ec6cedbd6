"""A conversation that is over is gone with its last reference: nothing is left for Python's collector."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from arena.ids import new_id
from tests.fixtures.front import Adapter, Front
from tests.fixtures.garbage import garbage_of_ours


@pytest.fixture
def adapter() -> Adapter:
    """Quart's own objects hold on to each other, and to ours."""
    return Adapter.GATEWAY


async def chat(front: Front) -> None:
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.resume(after=0)
        await client.send(type="message", id=str(new_id()), text="hi")
        await client.receive_type("quote")
        await client.send(type="message", id="nonsense")
        await client.receive_type("error")


async def chat_left_at_once(front: Front) -> None:
    """While the log is read."""
    player = await front.player()
    session = await front.session(player)
    async with front.connect(session.id, player) as client:
        await client.resume(after=0)


async def watch_a_bot(front: Front) -> None:
    async with front.open(f"/ws/bots/{await front.bot()}") as client:
        await client.receive_type("welcome")


async def watch_the_lobby(front: Front) -> None:
    async with front.open("/ws/lobby") as client:
        await client.receive_type("lobby")


async def be_refused(front: Front) -> None:
    player = await front.player()
    async with front.connect(new_id(), player) as client:
        assert (await client.receive())["code"] == "session_not_found"
        await client.closed()


@pytest.mark.parametrize("converse", [chat, chat_left_at_once, watch_a_bot, watch_the_lobby, be_refused])
async def test_a_conversation_leaves_no_garbage(
    lively: Front, converse: Callable[[Front], Awaitable[None]]
) -> None:
    await converse(lively)  # what is made once and kept
    with garbage_of_ours() as found:
        for _ in range(2):
            await converse(lively)
        with trio.fail_after(5):
            while lively.services.traffic.sockets:
                await trio.sleep(0.01)
    assert not found
