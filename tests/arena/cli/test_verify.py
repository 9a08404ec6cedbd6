"""`arena verify`: from the chain alone, and with the revealed puzzle."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from solders.pubkey import Pubkey

from arena.store import messages, solutions
from arena.store.bots import BotStatus
from tests.arena.cli.run import run
from tests.arena.game.conftest import PHRASE, Arena


async def proof_of(arena: Arena, bot_id: UUID) -> dict[str, object]:
    """What the arena's endpoint answers, put together from the rows."""
    bot, solution = await arena.bot(bot_id), await solutions.get(arena.services.database, bot_id)
    assert solution is not None
    assert solution.message_id is not None
    won = await messages.get(arena.services.database, solution.message_id)
    assert won is not None
    return {
        "salt": solution.proof.hex(),
        "kind": bot.kind,
        "public": bot.public,
        "secret": solution.revealed,
        "winning_message": {"message_id": str(won.id), "message_index": won.message_index, "text": won.text},
    }


async def test_a_solved_bot_is_checked_from_its_creation_to_its_end(arena: Arena, tmp_path: Path) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    player = await arena.player(bot_id)
    await player.say("the moon?")
    await player.say(PHRASE)
    await arena.until(bot_id, BotStatus.CLOSED)
    address, rpc = (await arena.bot(bot_id)).address, arena.endpoints.rpc_url

    async def finally_closed() -> bool:
        said = await run("verify", address, "--rpc", rpc, cwd=tmp_path)
        return said.returncode == 0 and b"from its creation to its closing" in said.stdout

    for _ in range(20):
        if await finally_closed():
            break
    else:
        raise AssertionError("the closing never got final")

    said = await run("verify", address, "--rpc", rpc, cwd=tmp_path)
    assert "Nothing is wrong." in said.stdout.decode()
    assert "not checked: name the arena" in said.stdout.decode()

    proof = await proof_of(arena, bot_id)
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    arguments = ("verify", address, "--rpc", rpc, "--proof", "proof.json", "--json")
    said = await run(*arguments, cwd=tmp_path)
    assert said.returncode == 0, said.stdout.decode() + said.stderr.decode()
    report = json.loads(said.stdout)
    assert report["ok"]
    assert {check["check"]: check["ok"] for check in report["checks"]}["puzzle"] is True

    (tmp_path / "proof.json").write_text(json.dumps(proof | {"secret": {"phrase": "the southern lights"}}))
    said = await run(*arguments, cwd=tmp_path)
    assert said.returncode == 1
    assert not json.loads(said.stdout)["ok"]

    (tmp_path / "proof.json").write_text("no proof")
    assert (await run(*arguments, cwd=tmp_path)).returncode == 3


async def test_what_cannot_be_read_is_exit_code_three(arena: Arena, tmp_path: Path) -> None:
    somebody = str(Pubkey.new_unique())
    said = await run("verify", somebody, "--rpc", arena.endpoints.rpc_url, cwd=tmp_path)
    assert said.returncode == 3
    assert b"knows no bot" in said.stderr
    said = await run("verify", somebody, "--rpc", "http://127.0.0.1:1", cwd=tmp_path)
    assert said.returncode == 3
    said = await run("verify", somebody, cwd=tmp_path)
    assert (said.returncode, b"--rpc" in said.stderr) == (3, True)
    assert (await run("verify", "nonsense", cwd=tmp_path)).returncode == 2
