"""`arena rotate-keys`: the admin gives bots new keys, from the chain alone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
import trio
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from arena.audit.auditing import Auditor
from arena.chain.accounts import decode_bot
from arena.chain.client import ChainClient, Commitment
from arena.keys import generated_keypair
from arena.problems import Problem
from arena.store.messages import MessageStatus
from tests.arena.cli.run import run
from tests.arena.game.conftest import SOL, Arena
from tests.arena.game.test_lives_of_bots import message_is

SIGNATURE_FEE = 5_000


async def fund(arena: Arena, wallet: Pubkey, lamports: int = SOL) -> None:
    await arena.services.client.airdrop(wallet, lamports)
    with trio.fail_after(10):
        while await arena.lamports(wallet) < lamports:
            await trio.sleep(0.02)


async def rotate(
    arena: Arena, tmp_path: Path, *more: str, given: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """As the arena's admin, with nothing else of the arena's at hand."""
    admin = tmp_path / "arena" / "keys" / "admin.json"
    where = ("--admin", str(admin), "--rpc", arena.endpoints.rpc_url)
    (tmp_path / "elsewhere").mkdir(exist_ok=True)
    return await run("rotate-keys", *where, *more, cwd=tmp_path / "elsewhere", given=given)


def keys(quote: Pubkey, payout: Pubkey) -> tuple[str, ...]:
    return ("--quote-key", str(quote), "--payout-key", str(payout))


async def keys_of(arena: Arena, address: str) -> tuple[Pubkey, Pubkey]:
    with trio.fail_after(10):
        while not (
            state := await arena.services.client.account(Pubkey.from_string(address), Commitment.FINALIZED)
        ):
            await trio.sleep(0.02)
    bot = decode_bot(state.data)
    return bot.quote_key, bot.payout_key


async def test_all_bots_of_the_admin_get_the_new_keys_and_go_on_when_they_are_the_arena_s(
    arena: Arena, tmp_path: Path
) -> None:
    ours, creator = arena.services.keys, await arena.wallet()
    assert ours.admin is not None
    await fund(arena, ours.admin.pubkey())
    bots = [await arena.bot(await arena.open_bot(creator)) for _ in range(2)]
    new = (Keypair().pubkey(), Keypair().pubkey())

    said = await rotate(arena, tmp_path, *keys(*new), given="n\n")
    assert said.returncode == 1
    assert b"nothing was done" in said.stderr
    assert await keys_of(arena, bots[0].address) == (ours.quote_pubkey, ours.payout_pubkey)

    said = await rotate(arena, tmp_path, *keys(*new), "--yes")
    assert said.returncode == 0, said.stdout.decode() + said.stderr.decode()
    assert [await keys_of(arena, bot.address) for bot in bots] == [new, new]
    assert await arena.lamports(ours.admin.pubkey()) == SOL - 2 * SIGNATURE_FEE

    said = await rotate(arena, tmp_path, *keys(*new), "--yes")
    assert (said.returncode, said.stdout) == (0, b"All bots have these keys.\n")

    player = await arena.player(bots[0].id)

    async def code() -> str | None:
        try:
            await player.quote("hello", uuid4())
        except Problem as refused:
            return refused.code
        return None

    with trio.fail_after(10):
        while await code() != "keys_rotating":
            await trio.sleep(0.02)
    said = await rotate(
        arena, tmp_path, bots[0].address, *keys(ours.quote_pubkey, ours.payout_pubkey), "--yes"
    )
    assert said.returncode == 0, said.stderr.decode()
    with trio.fail_after(10):
        while await code() is not None:
            await trio.sleep(0.02)
    await message_is(player, await player.say("hello"), MessageStatus.JUDGED)
    assert await keys_of(arena, bots[1].address) == new, "only the one that was named"
    async with ChainClient(arena.endpoints.rpc_url, Commitment.FINALIZED) as client:
        auditor = Auditor(client, arena.services.program_id, arena.services.database)
        assert (await auditor.audit()).exit_code == 0


async def test_somebody_else_may_pay_the_fees(arena: Arena, tmp_path: Path) -> None:
    await arena.open_bot(await arena.wallet())
    payer = generated_keypair(tmp_path / "payer.json")
    await fund(arena, payer.pubkey())
    new = keys(Keypair().pubkey(), Keypair().pubkey())
    said = await rotate(arena, tmp_path, *new, "--payer", str(tmp_path / "payer.json"), "--yes")
    assert said.returncode == 0, said.stderr.decode()
    assert await arena.lamports(payer.pubkey()) == SOL - 2 * SIGNATURE_FEE


async def test_who_is_not_the_admin_rotates_nothing(arena: Arena, tmp_path: Path) -> None:
    bot = await arena.bot(await arena.open_bot(await arena.wallet()))
    stranger = generated_keypair(tmp_path / "stranger.json")
    await fund(arena, stranger.pubkey())
    new = keys(Keypair().pubkey(), Keypair().pubkey())
    as_stranger = ("--admin", str(tmp_path / "stranger.json"), "--rpc", arena.endpoints.rpc_url, "--yes")
    said = await run("rotate-keys", *as_stranger, *new, cwd=tmp_path)
    assert (said.returncode, said.stdout) == (0, b"All bots have these keys.\n"), "it has none"
    said = await run("rotate-keys", bot.address, *as_stranger, *new, cwd=tmp_path)
    assert said.returncode == 1
    assert b"has another admin" in said.stderr


async def test_too_little_money_is_said_before_anything_is_sent(arena: Arena, tmp_path: Path) -> None:
    bot = await arena.bot(await arena.open_bot(await arena.wallet()))
    before = await keys_of(arena, bot.address)
    said = await rotate(arena, tmp_path, *keys(Keypair().pubkey(), Keypair().pubkey()), "--yes")
    assert said.returncode == 1
    assert b"send it" in said.stderr
    assert await keys_of(arena, bot.address) == before


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        (("--admin", "nothing.json"), 1, b"nothing.json"),
        (("--rpc", "http://127.0.0.1:1"), 3, b"cannot connect"),
        (("--payout-key", "nonsense"), 2, b"is not a Solana address"),
    ],
    ids=["no key", "no node", "no address"],
)
async def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path, change: tuple[str, str], code: int, why: bytes
) -> None:
    generated_keypair(tmp_path / "admin.json")
    options = {
        "--admin": "admin.json",
        "--rpc": "http://127.0.0.1:1",
        "--quote-key": str(Keypair().pubkey()),
        "--payout-key": str(Keypair().pubkey()),
    } | dict([change])
    said = await run("rotate-keys", *(part for option in options.items() for part in option), cwd=tmp_path)
    assert (said.returncode, why in said.stderr) == (code, True), said.stderr.decode()


async def test_one_key_for_both_is_refused(tmp_path: Path) -> None:
    generated_keypair(tmp_path / "admin.json")
    one = Keypair().pubkey()
    said = await run("rotate-keys", "--admin", "admin.json", *keys(one, one), cwd=tmp_path)
    assert said.returncode == 2
    assert b"must be two keys" in said.stderr
