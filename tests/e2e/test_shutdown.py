"""SIGTERM to a real arena while a player plays: told when to come back, nothing lost, the next start goes on."""

from __future__ import annotations

from pathlib import Path

import trio

from arena.cli.arena_client import ArenaError
from tests.e2e.arena_process import arena_process
from tests.e2e.player import Player, funded_client, open_bot


async def test_a_player_is_told_when_to_come_back_and_goes_on_there(tmp_path: Path) -> None:
    with arena_process(tmp_path / "data") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator, funded_client(arena.url) as player:
            bot = await open_bot(creator)
            chat_player = Player(player, bot["id"])
            await chat_player.say("before")
            async with player.chat(bot["id"]) as chat:
                await chat.until("welcome")
                arena.terminate()
                told: ArenaError | None = None
                with trio.fail_after(20):
                    while told is None:
                        try:
                            await chat.receive()
                        except ArenaError as error:
                            told = error
                assert told.code == "shutting_down"
            assert await arena.died(within=20) == 0
            assert "shutting_down" in arena.log
            await arena.start()
            reply = await chat_player.say("after")
            assert reply["message_index"] == 2
