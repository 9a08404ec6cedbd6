"""An older database is restored under a chain that has gone on: the bot halts, and an operator decides."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import trio

from tests.arena.cli.run import run
from tests.e2e.arena_process import arena_process
from tests.e2e.player import PHRASE, SOL, Player, funded_client, lamports, open_bot, persistently

FEE = SOL // 100
NETWORK_FEE = 2 * 5_000


async def test_after_a_restore_an_operator_lets_the_bot_go_on_and_what_was_lost_is_refunded(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with arena_process(data) as arena:
        await arena.start()
        async with (
            funded_client(arena.url) as creator,
            funded_client(arena.url) as one,
            funded_client(arena.url) as two,
        ):
            bot = await open_bot(creator, fee_growth_bps=0)
            await Player(one, bot["id"]).say("before the backup")
            arena.end()
            shutil.copytree(data / "postgres", tmp_path / "backup", symlinks=True)

            await arena.start()
            before = await lamports(two, two.address)
            await Player(two, bot["id"]).say("after the backup")
            assert await lamports(two, two.address) == before - FEE - NETWORK_FEE
            arena.end()
            shutil.rmtree(data / "postgres")
            shutil.copytree(tmp_path / "backup", data / "postgres", symlinks=True)

            await arena.start()
            with trio.fail_after(60):
                while (await persistently(one, "GET", f"/bots/{bot['id']}"))["status"] != "halted":
                    await trio.sleep(0.1)
            assert "bot_halted" in arena.log
            audited = await run("audit", "--json", cwd=tmp_path)
            assert audited.returncode == 1
            assert "message_unknown" in audited.stdout.decode()

            refund = ("refund", bot["id"], "--url", arena.url, "--key", str(data / "keys" / "admin.json"))
            said = await run(*refund, cwd=tmp_path, given="n\n")
            assert said.returncode == 1
            assert two.address in said.stdout.decode()
            assert b"nothing was done" in said.stderr
            said = await run(*refund, "--yes", "--reason", "restored", cwd=tmp_path)
            assert said.returncode == 0, said.stdout.decode() + said.stderr.decode()

            with trio.fail_after(60):
                while await lamports(two, two.address) != before - NETWORK_FEE:
                    await trio.sleep(0.1)
            winner = Player(one, bot["id"])
            await winner.say(f"It is {PHRASE}")
            await winner.until(type="settlement", status="closed")

            said = await run(*refund, "--yes", cwd=tmp_path)
            assert said.returncode == 1
            assert b"bot_not_halted" in said.stderr
        with trio.fail_after(60):
            while True:
                audited = await run("audit", "--json", cwd=tmp_path)
                if audited.returncode == 0:
                    break
        assert json.loads(audited.stdout)["differences"] == 0
