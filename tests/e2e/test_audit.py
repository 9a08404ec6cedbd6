"""The money is checked from outside: `arena audit` and `arena verify` beside a real server, and after its end."""

from __future__ import annotations

import json
from pathlib import Path

import trio

from arena.cli.arena_client import ArenaClient, ArenaError
from tests.arena.cli.run import run
from tests.e2e.arena_process import arena_process
from tests.e2e.player import PHRASE, Player, funded_client, open_bot


async def test_a_round_is_audited_while_the_arena_runs_after_it_was_killed_and_by_anyone(
    tmp_path: Path,
) -> None:
    with arena_process(tmp_path / "data") as arena:
        await arena.start()
        async with funded_client(arena.url) as creator, funded_client(arena.url) as winner:
            bot, live = await open_bot(creator), await open_bot(creator, name="Notos")
            player = Player(winner, bot["id"])
            await player.say("A lantern?")
            await player.say(f"It must be {PHRASE}")
            await player.until(type="settlement", status="closed")
            await Player(winner, live["id"]).say("A lantern?")
            await proof_is_revealed(winner, bot["id"])

        running = await run("audit", "--json", cwd=tmp_path)
        assert running.returncode == 0, running.stdout.decode() + running.stderr.decode()
        assert len(json.loads(running.stdout)["bots"]) == 2

        verified = await run("verify", bot["address"], "--url", arena.url, "--json", cwd=tmp_path)
        assert verified.returncode == 0, verified.stdout.decode() + verified.stderr.decode()
        checks = {check["check"]: check["ok"] for check in json.loads(verified.stdout)["checks"]}
        assert checks["puzzle"] is True

        unrevealed = await run("verify", live["address"], "--url", arena.url, cwd=tmp_path)
        assert unrevealed.returncode == 0
        assert "not revealed before" in unrevealed.stdout.decode()

        arena.kill()
    stopped = await run("audit", "--json", cwd=tmp_path)
    assert stopped.returncode == 0, stopped.stdout.decode() + stopped.stderr.decode()
    before, after = json.loads(running.stdout), json.loads(stopped.stdout)
    assert [bot["lamports"] for bot in after["bots"]] == [bot["lamports"] for bot in before["bots"]]
    assert after["wallets"] == before["wallets"]


async def proof_is_revealed(client: ArenaClient, bot_id: str) -> None:
    """The closing is seen when it is confirmed, the proof given when it is final."""
    with trio.fail_after(60):
        while True:
            try:
                proof = await client.call("GET", f"/bots/{bot_id}/proof")
            except ArenaError as error:
                if error.code != "proof_not_revealed":
                    raise
            else:
                if proof["signatures"]["close"] is not None:
                    return
            await trio.sleep(0.1)
