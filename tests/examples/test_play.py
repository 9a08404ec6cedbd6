"""The example client, which knows nothing but the documents, plays a round against a real arena."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import trio

from tests.e2e.arena_process import arena_process
from tests.e2e.player import PHRASE, funded_client, open_bot

PLAY = Path(__file__).parents[2] / "examples" / "play.py"


async def play(*arguments: str) -> str:
    with trio.fail_after(60):
        ran = await trio.run_process(
            [sys.executable, str(PLAY), *arguments], capture_stdout=True, capture_stderr=True, check=False
        )
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


async def test_it_plays_a_round(tmp_path: Path) -> None:
    assert not re.search(r"^(from|import) arena", PLAY.read_text(), re.MULTILINE)
    with arena_process(tmp_path / "data") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator:
            bot = await open_bot(creator)
        said = await play(arena.url, "Is it a cave?", f"It is {PHRASE}", "too late", "--bot", bot["id"])
        assert said.count("payment accepted") == 2
        assert said.count("payment confirmed") == 2
        assert said.splitlines()[-1] == "solved: the pot is yours"
        assert "too late" not in said
