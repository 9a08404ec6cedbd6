"""`arena play` in a terminal, in a pipe and by a program, against a real arena."""

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

from arena.cli.arena_client import ArenaClient
from tests.e2e.arena_process import ArenaProcess, arena_process
from tests.e2e.player import PHRASE, Player, funded_client, open_bot
from tests.e2e.terminal import terminal


@asynccontextmanager
async def arena_with_bot(
    folder: Path, **values: Any
) -> AsyncIterator[tuple[ArenaProcess, ArenaClient, dict[str, Any]]]:
    with arena_process(folder / "arena") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator:
            yield arena, creator, await open_bot(creator, **values)


def options(arena: ArenaProcess, folder: Path) -> list[str]:
    return ["--url", arena.url, "--wallet", str(folder / "home" / "wallet.json")]


async def piped(arguments: list[str], said: str) -> subprocess.CompletedProcess[bytes]:
    with trio.fail_after(60):
        return await trio.run_process(
            [sys.executable, "-m", "arena", "play", *arguments],
            stdin=said.encode(),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )


async def test_a_newcomer_chooses_a_bot_talks_to_it_in_a_narrow_terminal_and_wins(tmp_path: Path) -> None:
    async with arena_with_bot(tmp_path) as (arena, creator, bot):
        with terminal("play", *options(arena, tmp_path), columns=40) as screen:
            await screen.until("A new wallet is in")
            await screen.until("Boreas")
            screen.type("1\n")
            await screen.until("Take 2 SOL?")
            screen.type("y\n")
            await screen.until("Say what dances at night.")
            await screen.until("[0.5 SOL | 0.01 SOL]")
            screen.type("Is it a lighthouse?\r")
            await screen.until("Send for 0.01 SOL? [Y/n]")
            screen.type("n\r")
            await screen.until("not sent: it costs 0.01 SOL")
            screen.type("Is it a lantern\x7fn?\r")
            await screen.until("Send for 0.01 SOL?")
            screen.type("\r")
            await screen.until("paid as message 1")
            await screen.until("pot 0.508 SOL, next message 0.0101 SOL")
            await screen.until("[0.508 SOL | 0.0101 SOL]")
            await Player(creator, bot["id"]).say("From somebody else")
            await screen.until("From somebody else")
            screen.type(f"{PHRASE}\r")
            await screen.until("Send for 0.010201 SOL?")
            screen.type("\r")
            await screen.until("It is solved!")
            await screen.until("You have been paid.")
            assert await screen.ended() == 0
        assert (tmp_path / "home" / "wallet.json").stat().st_mode & 0o777 == 0o600
        assert (await creator.call("GET", f"/bots/{bot['id']}"))["winning_index"] == 3


async def test_a_payment_under_way_is_found_again_when_the_player_was_killed(tmp_path: Path) -> None:
    async with arena_with_bot(tmp_path) as (arena, creator, bot):
        arguments = ["play", bot["id"], *options(arena, tmp_path), "--faucet", "--yes"]
        with terminal(*arguments) as screen:
            await screen.until("[0.5 SOL | 0.01 SOL]")
            screen.type("Is it lost?\r")
            await screen.until("sent")
            screen.kill()
        with terminal(*arguments) as screen:
            await screen.until("Boreas: Boreas")  # its reply, whether it was given before or comes now
            await screen.until("[0.508 SOL | 0.0101 SOL]")
            screen.type("\x04")
            assert await screen.ended() == 0
        answered = await creator.call("GET", f"/bots/{bot['id']}/messages")
        assert [message["text"] for message in answered["messages"]] == ["Is it lost?"]
        assert json.loads((tmp_path / "home" / "wallet.json.pending").read_text()) == []


async def test_a_chat_goes_on_when_the_arena_was_killed_and_started_again(tmp_path: Path) -> None:
    async with arena_with_bot(tmp_path) as (arena, _creator, bot):
        with terminal("play", bot["id"], *options(arena, tmp_path), "--faucet", "--yes") as screen:
            await screen.until("[0.5 SOL | 0.01 SOL]")
            screen.type("Before\r")
            await screen.until("[0.508 SOL | 0.0101 SOL]")
            arena.kill()
            await screen.until("offline")
            await arena.start()
            await screen.until("connected again")
            screen.type("After\r")
            await screen.until("paid as message 2")
            await screen.until("[0.51608 SOL | 0.010201 SOL]")
            screen.type("\x03")
            assert await screen.ended() == 130
            assert screen.shown.count("paid as message 1") == 1


async def test_what_others_write_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    public = {"persona": "Boreas guards the winter sky", "objective": "Say \u202e it."}
    async with arena_with_bot(tmp_path, name="Boreas", public=public) as (arena, creator, bot):
        await Player(creator, bot["id"]).say("\u200fright\u200e and \t tab")
        with terminal("play", bot["id"], *options(arena, tmp_path), "--faucet", "--yes") as screen:
            await screen.until("right")
            await screen.until("[0.508 SOL")
            screen.type("/quit\r")
            assert await screen.ended() == 0
        shown = screen.raw.decode()
        assert not {"\u202e", "\u200f", "\u200e"} & set(shown)


async def test_lines_of_a_pipe_are_said_one_after_the_other(tmp_path: Path) -> None:
    async with arena_with_bot(tmp_path) as (arena, _creator, _bot):
        arguments = ["Boreas", *options(arena, tmp_path), "--faucet", "--max-price", "0.0101"]
        ran = await piped(arguments, "First\nSecond\nThird\n/price\n")
        said = ran.stdout.decode()
        assert ran.returncode == 0, ran.stderr
        assert said.count("paid as message") == 2
        assert "not sent: it costs 0.010201 SOL" in said
        assert "\x1b" not in said


async def test_a_program_plays_with_an_object_a_line(tmp_path: Path) -> None:
    async with arena_with_bot(tmp_path) as (arena, _creator, bot):
        arguments = [bot["id"], *options(arena, tmp_path), "--faucet", "--yes", "--json"]
        said = [json.dumps({"say": "Is it a cave?"}), "nonsense", json.dumps({"say": PHRASE})]
        ran = await piped(arguments, "\n".join(said) + "\n")
        events = [json.loads(line) for line in ran.stdout.splitlines()]
        assert ran.returncode == 0, ran.stderr
        assert events[0]["type"] == "ready"
        assert events[-1] == {"type": "end", "outcome": "won"}
        verdicts = [event["verdict"] for event in events if event["type"] == "reply"]
        assert verdicts == ["unsolved", "solved"]
        assert [event["code"] for event in events if event["type"] == "error"] == ["input_invalid"]
        # nothing in it can be spent by who reads along
        assert not any("transaction" in event for event in events)


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["Boreas"], 2, "give --yes or --max-price"),
        (["--yes"], 2, "name a bot"),
        (["--max-price", "cheap", "Boreas"], 2, "an amount of SOL"),
        (["--yes", "--url", "http://127.0.0.1:1", "Boreas"], 1, "does not answer"),
    ],
)
async def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path, arguments: list[str], code: int, reason: str
) -> None:
    ran = await piped([*arguments, "--wallet", str(tmp_path / "wallet.json")], "")
    assert ran.returncode == code
    assert reason in ran.stderr.decode()


async def test_a_wallet_that_others_can_read_is_refused(tmp_path: Path) -> None:
    wallet = tmp_path / "wallet.json"
    wallet.write_text("[]")
    os.chmod(wallet, 0o644)  # noqa: PTH101
    ran = await piped(["Boreas", "--yes", "--wallet", str(wallet)], "")
    assert (ran.returncode, b"chmod 600" in ran.stderr) == (1, True)
