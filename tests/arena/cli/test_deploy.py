"""`arena deploy`: the committed program comes to a cluster, from two key files and a node."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from solders.keypair import Keypair
from solders.litesvm import LiteSVM

from arena.chain import loader
from arena.chain.artifacts import program_elf
from arena.chain.client import ChainClient, Commitment
from arena.chain.deployment import deploy
from arena.chain.deployment_plan import Order
from arena.keys import generated_keypair, read_keypair
from arena.localnet import LocalnetConfig
from tests.arena.cli.run import run
from tests.arena.localnet.support import MEMO, SOL, running


@dataclass
class Cluster:
    url: str
    client: ChainClient
    folder: Path
    payer: Keypair

    async def arena_deploy(self, *more: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
        files = ("--payer", "payer.json", "--program-key", "program.json")
        return await run("deploy", "--rpc", self.url, *files, *more, cwd=self.folder, given=given)

    async def code(self) -> loader.ProgramData:
        program = read_keypair(self.folder / "program.json").pubkey()
        state = await self.client.account(loader.program_data_address(program), Commitment.FINALIZED)
        assert state is not None
        return loader.decode_program_data(state.data)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    config = LocalnetConfig(tmp_path / "chain", rpc_port=0, slot_ms=20, finalized_after=4)
    payer = generated_keypair(tmp_path / "payer.json")
    async with running(config) as chain, ChainClient(chain.endpoints.rpc_url) as client:
        await client.airdrop(payer.pubkey(), SOL)
        with trio.fail_after(10):
            while await client.balance(payer.pubkey()) < SOL:
                await trio.sleep(0.02)
        yield Cluster(chain.endpoints.rpc_url, client, tmp_path, payer)


async def test_a_first_deployment_is_shown_asked_about_and_done_once(cluster: Cluster) -> None:
    said = await cluster.arena_deploy(given="n\n")
    assert (said.returncode, b"nothing was done" in said.stderr) == (1, True)
    assert await cluster.client.balance(cluster.payer.pubkey()) == SOL
    key = cluster.folder / "program.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    program = read_keypair(key).pubkey()
    for part in (str(program), f"{len(program_elf())} bytes", "first deployment", "Cost", " SOL"):
        assert part in said.stdout.decode()

    said = await cluster.arena_deploy(given="y\n")
    assert said.returncode == 0, said.stderr.decode()
    assert read_keypair(key).pubkey() == program, "the key that was made stays"
    code = await cluster.code()
    assert (code.content, code.authority) == (program_elf(), cluster.payer.pubkey())

    held = await cluster.client.balance(cluster.payer.pubkey())
    said = await cluster.arena_deploy()
    assert (said.returncode, b"nothing to do" in said.stdout) == (0, True), "and nothing is asked"
    assert await cluster.client.balance(cluster.payer.pubkey()) == held


async def test_another_program_is_upgraded_by_its_authority_alone(cluster: Cluster) -> None:
    memo = LiteSVM().get_account(MEMO)
    assert memo is not None
    authority = generated_keypair(cluster.folder / "authority.json")
    program = generated_keypair(cluster.folder / "program.json")
    await cluster.client.airdrop(cluster.payer.pubkey(), 10 * SOL)
    order = Order(bytes(memo.data), program, cluster.payer, authority)
    with trio.fail_after(60):
        await deploy(cluster.client, order, interval=0.02)

    said = await cluster.arena_deploy("--yes")
    assert (said.returncode, str(authority.pubkey()) in said.stderr.decode()) == (1, True)
    said = await cluster.arena_deploy("--upgrade-authority", "authority.json", "--check")
    assert (said.returncode, b"upgrade" in said.stdout) == (1, True)
    said = await cluster.arena_deploy("--upgrade-authority", "authority.json", "--yes")
    assert said.returncode == 0, said.stderr.decode()
    assert (await cluster.code()).is_program(program_elf())
    said = await cluster.arena_deploy("--upgrade-authority", "authority.json", "--check")
    assert said.returncode == 0


async def test_a_check_leaves_nothing_behind(cluster: Cluster) -> None:
    said = await cluster.arena_deploy("--check")
    assert (said.returncode, b"program.json" in said.stderr) == (1, True)
    assert not (cluster.folder / "program.json").exists()
    generated_keypair(cluster.folder / "program.json")
    said = await cluster.arena_deploy("--check")
    assert (said.returncode, b"first deployment" in said.stdout) == (1, True)
    assert await cluster.client.balance(cluster.payer.pubkey()) == SOL


async def test_a_final_program_has_no_authority(cluster: Cluster) -> None:
    said = await cluster.arena_deploy("--final", "--yes")
    assert said.returncode == 0, said.stderr.decode()
    assert b"then nobody, ever" in said.stdout
    assert await cluster.code() == loader.ProgramData((await cluster.code()).slot, None, program_elf())
    said = await cluster.arena_deploy("--check")
    assert (said.returncode, b"nobody: it is final" in said.stdout) == (0, True)


async def test_too_little_money_is_said_before_anything_is_sent(cluster: Cluster) -> None:
    poor = generated_keypair(cluster.folder / "poor.json")
    said = await cluster.arena_deploy("--payer", "poor.json", "--yes")
    assert (said.returncode, b"send it" in said.stderr) == (1, True)
    assert await cluster.client.account(poor.pubkey()) is None


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        (("--payer", "nothing.json"), 1, b"nothing.json"),
        (("--upgrade-authority", "nothing.json"), 1, b"nothing.json"),
        (("--program-key", "payer.json"), 2, b"a key of its own"),
        (("--unit-price", "-1"), 2, b"--unit-price"),
        (("--rpc", "http://127.0.0.1:1"), 3, b"cannot connect"),
    ],
    ids=["no payer", "no authority", "one key for two", "price", "no node"],
)
async def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path, change: tuple[str, str], code: int, why: bytes
) -> None:
    generated_keypair(tmp_path / "payer.json")
    options = {
        "--payer": "payer.json",
        "--program-key": "program.json",
        "--rpc": "http://127.0.0.1:1",
    } | dict([change])
    said = await run("deploy", *(part for option in options.items() for part in option), cwd=tmp_path)
    assert (said.returncode, why in said.stderr) == (code, True), said.stderr.decode()
    assert b"Traceback" not in said.stderr
