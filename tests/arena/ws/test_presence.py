"""How many chat with a bot and how many watch it, as clients are told."""

from typing import Any
from uuid import UUID

import trio

from arena.game.presence import Count
from tests.fixtures.front import Client, Front


async def until(client: Client, players: int, watching: int) -> dict[str, Any]:
    """The `presence` frame with these numbers."""
    while True:
        frame = await client.receive_type("presence")
        if (frame["players"], frame["watching"]) == (players, watching):
            return frame


async def nobody(front: Front, bot_id: UUID) -> None:
    with trio.fail_after(5):
        while front.services.presence.published(bot_id) != Count() or len(front.services.presence):
            await trio.sleep(0.01)


async def test_players_and_spectators_are_told_who_is_there(lively: Front) -> None:
    bot_id = await lively.bot()
    ann, ben = await lively.player(), await lively.player()
    session = await lively.session(ann, bot_id)
    async with lively.connect(session.id, ann) as chat:
        assert await until(chat, 1, 0) == {
            "type": "presence",
            "bot_id": str(bot_id),
            "players": 1,
            "watching": 0,
        }
        async with (
            lively.connect(session.id, ann) as tab,
            lively.open(f"/ws/bots/{bot_id}") as stranger,
            lively.open(f"/ws/bots/{bot_id}", ["arena.v1", f"bearer.{ben.token}"]) as watcher,
            lively.open(f"/ws/bots/{bot_id}", ["arena.v1", f"bearer.{ben.token}"]) as watchers_tab,
            lively.open(f"/ws/bots/{bot_id}", ["arena.v1", f"bearer.{ann.token}"]) as players_tab,
        ):
            for client in (chat, tab, stranger, watcher, watchers_tab, players_tab):
                await until(client, 1, 2)
        await until(chat, 1, 0)
    await nobody(lively, bot_id)


async def test_a_newcomer_is_told_at_once_also_when_the_numbers_stay(lively: Front) -> None:
    player = await lively.player()
    session = await lively.session(player)
    async with lively.connect(session.id, player) as one:
        await until(one, 1, 0)
        async with lively.connect(session.id, player) as two:
            await until(two, 1, 0)


async def test_who_is_refused_is_not_counted(lively: Front) -> None:
    owner, stranger = await lively.player(), await lively.player()
    session = await lively.session(owner)
    async with lively.connect(session.id, stranger) as client:
        assert (await client.closed()).code == 4404
    assert len(lively.services.presence) == 0


async def test_the_lobby_shows_who_is_there(lively: Front) -> None:
    bot_id = await lively.bot()
    async with lively.open("/ws/lobby") as lobby:
        assert (await lobby.receive_type("lobby"))["bots"][0]["watching"] == 0
        async with lively.open(f"/ws/bots/{bot_id}") as spectator:
            await until(spectator, 0, 1)
            assert (await until(lobby, 0, 1))["bot_id"] == str(bot_id)
            async with lively.open("/ws/lobby") as late:
                [bot] = (await late.receive_type("lobby"))["bots"]
                assert (bot["players"], bot["watching"]) == (0, 1)
        await until(lobby, 0, 0)


async def test_a_restart_of_the_lobby_forgets_nobody(lively: Front) -> None:
    bot_id = await lively.bot()
    async with lively.open(f"/ws/bots/{bot_id}") as one, lively.open("/ws/lobby") as lobby:
        await until(one, 0, 1)
        await lobby.receive_type("lobby")
        lively.services.system.stop("/game/lobby")
        with trio.fail_after(5):
            while (await lobby.receive())["type"] != "error":
                pass
        async with lively.open(f"/ws/bots/{bot_id}") as two:
            lively.services.system.restart("/game/lobby")
            await until(one, 0, 2)
            await until(two, 0, 2)
            [bot] = (await lobby.receive_type("lobby", timeout=10))["bots"]
            if bot["watching"] != 2:  # the page was quicker than the count
                await until(lobby, 0, 2)
        await until(one, 0, 1)
        await until(lobby, 0, 1)
