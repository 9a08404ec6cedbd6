"""Programs: deployed at the start, upgraded when their file changes, deployed through the real loader."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from solana.rpc.core import RPCException
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account

from arena.localnet import LocalnetConfig, ProgramNotLoadable
from tests.arena.localnet.support import MEMO, Chain, running

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
SYSTEM = Pubkey.default()


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    """A real program: the memo program that the VM brings along, under another id."""
    account = LiteSVM().get_account(MEMO)
    assert account is not None
    path = tmp_path / "memo.so"
    path.write_bytes(account.data)
    return path


def call(program: Pubkey, text: bytes = b"hello") -> Instruction:
    return Instruction(program, text, [])


async def test_a_program_is_deployed_at_the_start_and_again_after_it(
    config: LocalnetConfig, elf: Path
) -> None:
    program = Keypair().pubkey()
    config = replace(config, programs={program: elf})
    for _ in range(2):
        async with running(config) as chain:
            alice = await chain.funded()
            signature = await chain.send([alice], call(program))
            assert (await chain.status(signature))["err"] is None
            value = (await chain.result("getAccountInfo", str(program), {"encoding": "base64"}))["value"]
            assert (value["executable"], value["owner"]) == (True, str(LOADER))


async def test_a_program_survives_without_being_configured_again(config: LocalnetConfig, elf: Path) -> None:
    program = Keypair().pubkey()
    async with running(replace(config, programs={program: elf})):
        pass
    async with running(config) as chain:
        alice = await chain.funded()
        await chain.send([alice], call(program))


@pytest.mark.parametrize("content", [None, b"", b"\x7fELF nonsense"])
async def test_a_program_that_cannot_be_loaded_is_named(
    config: LocalnetConfig, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "broken.so"
    if content is not None:
        path.write_bytes(content)
    with pytest.RaisesGroup(pytest.RaisesExc(ProgramNotLoadable, match=r"broken\.so")):
        async with running(replace(config, programs={Keypair().pubkey(): path})):
            pass


def write_chunks(elf: bytes, buffer: Pubkey, payer: Pubkey) -> Sequence[Instruction]:
    accounts = [AccountMeta(buffer, False, True), AccountMeta(payer, True, False)]
    return [
        Instruction(
            LOADER, struct.pack("<IIQ", 1, at, len(elf[at : at + 900])) + elf[at : at + 900], accounts
        )
        for at in range(0, len(elf), 900)
    ]


async def deploy(chain: Chain, payer: Keypair, program: Keypair, elf: bytes) -> None:
    """What `solana program deploy` does: a buffer, its chunks, DeployWithMaxDataLen."""
    buffer = Keypair()
    vm_rent = await chain.result("getMinimumBalanceForRentExemption", 37 + len(elf))
    signature = await chain.send(
        [payer, buffer],
        create_account(
            CreateAccountParams(
                from_pubkey=payer.pubkey(),
                to_pubkey=buffer.pubkey(),
                lamports=vm_rent,
                space=37 + len(elf),
                owner=LOADER,
            )
        ),
        Instruction(
            LOADER,
            struct.pack("<I", 0),
            [AccountMeta(buffer.pubkey(), False, True), AccountMeta(payer.pubkey(), False, False)],
        ),
    )
    for chunk in write_chunks(elf, buffer.pubkey(), payer.pubkey()):
        signature = await chain.send([payer], chunk, skip_preflight=True)
        assert (await chain.status(signature))["err"] is None
    await chain.reach(signature, "confirmed")
    code = Pubkey.find_program_address([bytes(program.pubkey())], LOADER)[0]
    rent = await chain.result("getMinimumBalanceForRentExemption", 36)
    signature = await chain.send(
        [payer, program],
        create_account(
            CreateAccountParams(
                from_pubkey=payer.pubkey(),
                to_pubkey=program.pubkey(),
                lamports=rent,
                space=36,
                owner=LOADER,
            )
        ),
        Instruction(
            LOADER,
            struct.pack("<IQ", 2, len(elf)),
            [
                AccountMeta(payer.pubkey(), True, True),
                AccountMeta(code, False, True),
                AccountMeta(program.pubkey(), False, True),
                AccountMeta(buffer.pubkey(), False, True),
                AccountMeta(RENT, False, False),
                AccountMeta(CLOCK, False, False),
                AccountMeta(SYSTEM, False, False),
                AccountMeta(payer.pubkey(), True, False),
            ],
        ),
    )
    await chain.reach(signature, "confirmed")


async def test_a_program_deployed_through_the_loader_works_and_survives(
    config: LocalnetConfig, elf: Path
) -> None:
    program, code = Keypair(), await trio.Path(elf).read_bytes()
    async with running(config) as chain:
        payer = await chain.funded(commitment="confirmed")
        with pytest.raises(RPCException, match="does not exist"):
            await chain.send([payer], call(program.pubkey()))
        await deploy(chain, payer, program, code)
        await chain.send([payer], call(program.pubkey()))
    async with running(config) as chain:
        await chain.send([payer], call(program.pubkey()))
        with pytest.raises(RPCException, match="invalid instruction data"):
            await chain.send([payer], call(program.pubkey(), b"\xff"))
