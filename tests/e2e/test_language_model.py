"""A language model plays, over real sockets on every side: its words stream, its tool call pays, its key stays."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from arena.economy import FeeSchedule, Split
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import SOL, Player, funded_client, lamports, open_bot
from tests.fixtures.llm_server import MODEL, LlmServer, chunk, decides, fails, head, llm_server, says, sends

FEES = FeeSchedule(SOL // 100, 100, SOL // 10)
SPLIT = Split(8_000, 1_000)
FEE_SIGNATURES = 2 * 5_000
KEY = "sk-operators-key-0123456789"
BOT: dict[str, Any] = {
    "name": "Gorm",
    "kind": "llm",
    "public": {
        "persona": "An old dragon",
        "objective": "Make it laugh.",
        "prompt": "Be proud.",
        "win_when": "The player has made you laugh.",
        "model": MODEL,
    },
    "secret": {"knowledge": "You are afraid of geese."},
}


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with llm_server() as server:
        yield server


def arena_with(server: LlmServer, data_dir: Path, **settings: str) -> Any:
    model = {"ARENA_LLM_BASE_URL": server.url, "ARENA_LLM_API_KEY": KEY, "ARENA_LLM_MODELS": MODEL}
    return arena_process(data_dir, settings={**model, **settings})


async def verified(arena: ArenaProcess, address: str, rpc_url: str) -> str:
    result = await trio.run_process(
        [sys.executable, "-m", "arena", "verify", address, "--url", arena.url, "--rpc", rpc_url],
        capture_stdout=True,
        stderr=None,
        check=False,
        env={**os.environ, "COLUMNS": "300"},
    )
    assert result.returncode == 0, result.stdout.decode()
    return result.stdout.decode()


async def test_a_model_is_talked_into_it_and_the_pot_is_paid(tmp_path: Path, server: LlmServer) -> None:
    with arena_with(server, tmp_path / "arena") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            before = await lamports(winner, winner.address)
            bot = await open_bot(creator, **BOT)
            player = Player(winner, bot["id"])
            server.will(
                says("I have ", "never ", "laughed.", pause=0.2),
                sends(head(), chunk({"content": "Well"})),
                decides("award_pot", '{"last_words"', ': "Ha! Geese!"}', before=("Stop ", "it. ")),
            )
            reply = await player.say("Knock knock.")
            assert (reply["reply"], reply["verdict"]) == ("I have never laughed.", "unsolved")
            pieces = [delta["text"] for delta in player.deltas]
            assert len(pieces) > 1
            assert reply["reply"].startswith("".join(pieces))

            refund = await player.try_to_say("Are you there?")
            assert (refund["type"], refund["reason"]) == ("refund", "unjudged")
            await player.until(type="refund", status="paid")

            reply = await player.say("What does a dragon say to a goose? Nothing: it runs.")
            assert (reply["reply"], reply["verdict"]) == ("Stop it. \n\nHa! Geese!", "solved")
            await player.until(type="settlement", status="closed")
            kept = [FEES.price(0), FEES.price(2)]
            reward = SOL // 2 + sum(SPLIT.divide(fee).pot for fee in kept)
            assert await lamports(winner, winner.address) == before - sum(kept) - 3 * FEE_SIGNATURES + reward
            assert await lamports(winner, bot["address"]) == 0

            proof = await winner.call("GET", f"/bots/{bot['id']}/proof")
            assert proof["secret"] == BOT["secret"]
            rpc_url = (await winner.call("GET", "/chain"))["rpc_url"]
            said = await verified(arena, bot["address"], rpc_url)
            assert "whether it solves a llm is for you to judge" in " ".join(said.split())
        assert [call.key for call in server.calls] == [KEY] * 3
        assert KEY not in str(proof) + arena.log
        assert "geese" not in arena.log


async def test_what_was_spent_is_spent_after_a_kill(tmp_path: Path, server: LlmServer) -> None:
    with arena_with(server, tmp_path / "arena", ARENA_LLM_DAILY_TOKENS_PER_BOT="3000") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator:
            bot = await open_bot(creator, **BOT)
            player = Player(creator, bot["id"])
            server.will(fails(500), says("That was dear.", tokens=(2_500, 300)))
            assert (await player.say("Hello?"))["reply"] == "That was dear."
            arena.kill()
            await arena.start()
            await creator.sign_in()
            async with creator.chat(bot["id"]) as chat:
                await chat.send(type="message", id="018f4e3a-7b10-7c3e-9c41-2f6f0d3c5a11", text="Again?")
                with pytest.raises(Exception, match="brain_unavailable"):
                    await chat.until("quote")
        assert len(server.calls) == 2


async def test_the_demo_has_a_dragon_where_there_is_a_model(tmp_path: Path, server: LlmServer) -> None:
    model = {"ARENA_LLM_BASE_URL": server.url, "ARENA_LLM_MODELS": MODEL}
    with arena_process(tmp_path / "arena", demo=True, settings=model) as arena:
        await arena.start()
        async with funded_client(arena.url) as client:
            with trio.fail_after(60):
                while True:
                    listed = (await client.call("GET", "/bots?status=open"))["bots"]
                    if len(listed) == 7:
                        break
                    await trio.sleep(0.2)
            [dragon] = [bot for bot in listed if bot["kind"] == "llm"]
            server.will(says("Speak, crumb."))
            assert (await Player(client, dragon["id"]).say("Good evening"))["reply"] == "Speak, crumb."
