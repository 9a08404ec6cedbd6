"""`arena bots`: bots as files, checked and opened, and the list of those there are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from arena.brains import Endpoints
from arena.cli.bot_files import BotFileWrong, read
from arena.keys import generated_keypair
from tests.arena.cli.run import run
from tests.e2e.arena_process import arena_process
from tests.e2e.player import SOL, Player, funded_client

EXAMPLES = Path(__file__).parents[3] / "examples" / "bots"

MINIMAL = """
name = "Boreas"
kind = "passphrase"
fee_base = "0.01 SOL"
initial_pot = 500_000_000
closes_after = "7 days"
[public]
persona = "Boreas guards the winter sky"
objective = "Say what dances at night."
[secret]
phrase = "the northern lights"
"""


def write(folder: Path, text: str = MINIMAL, name: str = "bot.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_amounts_are_sol_or_lamports_and_the_end_is_counted_from_the_opening(tmp_path: Path) -> None:
    file = read(write(tmp_path), Endpoints())
    now = datetime(2026, 3, 1, tzinfo=UTC)
    body = file.request(now)
    assert (body["fee_base"], body["initial_pot"]) == (SOL // 100, SOL // 2)
    assert body["closes_at"] == (now + timedelta(days=7)).isoformat()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_are_right(path: Path) -> None:
    read(path, Endpoints())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"0.01 SOL"', '"a little"', "fee_base: an amount is written"),
        ('"7 days"', '"soon"', "closes_after: a time is written"),
        ('closes_after = "7 days"', "", "closes_after: is missing"),
        ('name = "Boreas"', "", "name: Field required"),
        ('"passphrase"', '"oracle"', "kind: must be one of"),
        ("guards the winter sky", "guards the northern lights", "public.persona: contains the phrase"),
        ("[public]", "unknown = 1\n[public]", "unknown: Extra inputs are not permitted"),
        ("[public]", "[public", "Expected"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_field(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = write(tmp_path, MINIMAL.replace(old, new))
    with pytest.raises(BotFileWrong) as wrong:
        read(path, Endpoints())
    assert str(path) in wrong.value.lines[0]
    assert says in str(wrong.value)


async def test_files_are_checked_without_an_arena(tmp_path: Path) -> None:
    write(tmp_path)
    said = await run("bots", "check", "bot.toml", cwd=tmp_path)
    assert said.returncode == 0, said.stderr.decode()
    assert "0.5 SOL in the pot" in said.stdout.decode()
    write(tmp_path, MINIMAL.replace("Boreas", ""), "empty.toml")
    said = await run("bots", "check", "bot.toml", "empty.toml", cwd=tmp_path)
    assert said.returncode == 1
    assert b"empty.toml: name:" in said.stderr


async def test_they_are_opened_once_listed_and_played(tmp_path: Path) -> None:
    key = generated_keypair(tmp_path / "creator.json")
    write(tmp_path)
    with arena_process(tmp_path / "data") as arena:
        await arena.start()
        async with funded_client(arena.url) as player:
            opening = ("bots", "open", "bot.toml", "--url", arena.url, "--key", "creator.json")
            poor = await run(*opening, "--yes", cwd=tmp_path)
            assert poor.returncode == 1
            assert b"bot.toml:" in poor.stderr
            await player.call("POST", "/faucet", {"address": str(key.pubkey()), "lamports": 2 * SOL})
            refused = await run(*opening, cwd=tmp_path, given="n\n")
            assert (refused.returncode, b"nothing was done" in refused.stderr) == (1, True)
            opened = await run(*opening, "--yes", cwd=tmp_path)
            assert opened.returncode == 0, opened.stderr.decode()
            assert "Boreas is open" in opened.stdout.decode()
            again = await run(*opening, "--yes", cwd=tmp_path)
            assert (again.returncode, "there already" in again.stdout.decode()) == (0, True)

            listed = await run("bots", "list", "--url", arena.url, "--json", cwd=tmp_path)
            [bot] = [json.loads(line) for line in listed.stdout.splitlines()]
            assert (bot["name"], bot["status"], bot["pot"]) == ("Boreas", "open", SOL // 2)
            table = await run("bots", "list", "--url", arena.url, cwd=tmp_path)
            assert "Boreas" in table.stdout.decode()
            reply = await Player(player, bot["id"]).say("It is the northern lights")
            assert reply["verdict"] == "solved"
    gone = await run("bots", "list", "--url", arena.url, cwd=tmp_path)
    assert gone.returncode == 1
    assert b"does not answer" in gone.stderr
