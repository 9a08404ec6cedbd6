"""The HTTP API against its own description: every operation of a real arena, asked for all that it allows and more.

No request may make it fail (5xx) or be answered with what the document does not describe.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaClient, arena_client
from arena.keys import read_keypair
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import Player, funded_client, open_bot

HERE = Path(__file__).parent
DESTRUCTIVE = [
    "/admin/actors/{path}/stop",
    "/admin/actors/{path}/restart",
    "/api/v1/auth/session",
    "/api/v1/auth/sessions",
]
"""Left out where they would succeed: they end the arena's parts, and the session that asks."""


@asynccontextmanager
async def played_arena(data_dir: Path) -> AsyncIterator[tuple[ArenaProcess, dict[str, str], ArenaClient]]:
    """An arena with a bot that was played; the ids that lead somewhere; a player."""
    with arena_process(data_dir) as arena:
        await arena.start(ARENA_RATE_LIMITS="false")  # they would answer most of what is asked
        async with funded_client(arena.url) as creator, funded_client(arena.url) as player:
            bot = await open_bot(creator)
            await Player(player, bot["id"]).say("Is it a cave?")
            session = await player.call("GET", f"/chats/{bot['id']}")
            known = {
                "bot_id": bot["id"],
                "session_id": session["id"],
                "path": "game/bots",
                "address": str(player.wallet.pubkey()),
            }
            yield arena, known, player


async def schemathesis(url: str, known: dict[str, str], *arguments: str, examples: int) -> str:
    """Run it; what it says, if it found nothing."""
    ran = await trio.run_process(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{url}/openapi.json", "--phases", "coverage,fuzzing", "--seed", "1", "--no-color"),
            *("--max-examples", str(examples), "--request-timeout", "20", *arguments),
        ],
        env={**os.environ, "ARENA_KNOWN_IDS": json.dumps(known), "PYTHONPATH": str(HERE.parents[1])},
        capture_stdout=True,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = ran.stdout.decode()
    assert ran.returncode == 0, said
    return said


def bearer(token: str) -> tuple[str, str]:
    return ("-H", f"Authorization: Bearer {token}")


def without(paths: list[str]) -> list[str]:
    return [part for path in paths for part in ("--exclude-path", path)]


@pytest.mark.parametrize(
    "examples", [pytest.param(6, id="6"), pytest.param(300, id="300", marks=pytest.mark.long)]
)
async def test_the_api_does_what_its_document_says(tmp_path: Path, examples: int) -> None:
    async with played_arena(tmp_path / "data") as (arena, known, player):
        operator_key = read_keypair(tmp_path / "data" / "keys" / "admin.json")
        async with (
            arena_client(arena.url, operator_key) as operator,
            arena_client(arena.url, Keypair()) as other,
        ):
            runs: dict[str, list[str]] = {
                "nobody": [],
                "player": [*bearer(await other.sign_in()), *without(DESTRUCTIVE[2:])],
                "operator": [*bearer(await operator.sign_in()), *without(DESTRUCTIVE)],
            }
            for arguments in runs.values():
                await schemathesis(arena.url, known, *arguments, examples=examples)
            health: dict[str, Any] = await player.call("GET", "/health")
            assert health["status"] == "ready"
