"""`arena close`: anyone closes what an arena left behind, and not before."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.sysvar import CLOCK

from arena.audit.auditing import Auditor
from arena.chain.client import ChainClient, Commitment
from arena.keys import generated_keypair
from arena.store.bots import BotStatus
from tests.arena.cli.run import run
from tests.arena.game.conftest import FEE, POT, SOL, Arena

DAY = 86_400
SIGNATURE_FEE = 5_000


async def stranger(arena: Arena, folder: Path) -> Keypair:
    """Somebody with a key file and a little money."""
    key = generated_keypair(folder / "key.json")
    await arena.services.client.airdrop(key.pubkey(), SOL)
    with trio.fail_after(10):
        while await arena.lamports(key.pubkey()) < SOL:
            await trio.sleep(0.02)
    return key


async def put_chain_forward(arena: Arena, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The chain's clock is ahead; the arena's is not, so that it leaves its bots alone."""
    monkeypatch.setattr("arena.localnet.bank.time", SimpleNamespace(time=lambda: time.time() + seconds))
    with trio.fail_after(10):
        while True:
            clock = await arena.services.client.account(CLOCK)
            assert clock is not None
            if int.from_bytes(clock.data[32:40], "little") >= time.time() + seconds - 10:
                return
            await trio.sleep(0.02)


async def test_an_abandoned_bot_is_closed_by_a_stranger_and_everybody_gets_what_the_books_say(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    creator = await arena.wallet()
    bot_id = await arena.open_bot(creator)
    player = await arena.player(bot_id)
    await player.say("hello")
    with trio.fail_after(30):
        while (await arena.bot(bot_id)).judged_count < 1:
            await trio.sleep(0.02)
    address, key = (await arena.bot(bot_id)).address, await stranger(arena, tmp_path)
    before = {wallet: await arena.lamports(wallet.pubkey()) for wallet in (creator, player.wallet)}
    await put_chain_forward(arena, monkeypatch, 8 * DAY + 60)

    command = ("close", address, "--key", "key.json", "--rpc", arena.endpoints.rpc_url)
    said = await run(*command, cwd=tmp_path, given="n\n")
    assert said.returncode == 1
    assert b"nothing was done" in said.stderr
    assert str(player.wallet.pubkey()) in said.stdout.decode()

    said = await run(*command, "--yes", cwd=tmp_path)
    assert said.returncode == 0, said.stdout.decode() + said.stderr.decode()
    assert "Closed, finally" in said.stdout.decode()
    assert await arena.lamports(player.wallet.pubkey()) == before[player.wallet] + POT + FEE * 8 // 10
    rent = await arena.services.client.rent_exempt_minimum(520)
    assert await arena.lamports(creator.pubkey()) == before[creator] + FEE // 10 + rent
    assert await arena.lamports(key.pubkey()) == SOL - SIGNATURE_FEE
    assert await arena.lamports(Pubkey.from_string(address)) == 0

    await arena.until(bot_id, BotStatus.CLOSED)
    async with ChainClient(arena.endpoints.rpc_url, Commitment.FINALIZED) as client:
        auditor = Auditor(client, arena.services.program_id, arena.services.database)
        assert (await auditor.audit()).exit_code == 0

    said = await run(*command, "--yes", cwd=tmp_path)
    assert said.returncode == 1
    assert b"there is no bot" in said.stderr


async def test_before_the_grace_period_is_over_it_says_from_when_on(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    key = await stranger(arena, tmp_path)
    bot = await arena.bot(bot_id)
    await put_chain_forward(arena, monkeypatch, 8 * DAY - 600)
    said = await run(
        "close", bot.address, "--key", "key.json", "--rpc", arena.endpoints.rpc_url, "--yes", cwd=tmp_path
    )
    assert said.returncode == 1
    assert b"Anyone may from" in said.stderr
    assert await arena.lamports(key.pubkey()) == SOL


async def test_a_closer_without_money_is_told_before_anything_is_sent(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await arena.open_bot(await arena.wallet())
    bot = await arena.bot(bot_id)
    generated_keypair(tmp_path / "key.json")
    await put_chain_forward(arena, monkeypatch, 9 * DAY)
    said = await run(
        "close", bot.address, "--key", "key.json", "--rpc", arena.endpoints.rpc_url, "--yes", cwd=tmp_path
    )
    assert said.returncode == 1
    assert b"would refuse it" in said.stderr


async def test_a_key_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("[]")
    said = await run("close", str(Pubkey.new_unique()), "--key", "key.json", cwd=tmp_path)
    assert said.returncode == 1
    assert b"is not a key file" in said.stderr
