"""The committed program passes the real loader: deployed as on a cluster, byte for byte, and run."""

from struct import pack

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import CreateAccountParams, create_account
from solders.sysvar import CLOCK, RENT

from arena.chain.artifacts import program_elf

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
INITIALIZE_BUFFER, WRITE, DEPLOY = 0, 1, 2
BUFFER_HEADER, PROGRAM_SIZE = 37, 36
CHUNK = 900  # what fits into a transaction


def reserve(world, payer, account, size):
    return create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(),
            to_pubkey=account.pubkey(),
            lamports=world.svm.minimum_balance_for_rent_exemption(size),
            space=size,
            owner=LOADER,
        )
    )


def deploy(world, elf: bytes) -> Pubkey:
    """What `solana program deploy` does; the address of the program."""
    payer, buffer, program = world.payer, Keypair(), Keypair()
    world.send(
        reserve(world, payer, buffer, BUFFER_HEADER + len(elf)),
        Instruction(
            LOADER,
            pack("<I", INITIALIZE_BUFFER),
            [AccountMeta(buffer.pubkey(), False, True), AccountMeta(payer.pubkey(), False, False)],
        ),
        signers=(buffer,),
    )
    for offset in range(0, len(elf), CHUNK):
        chunk = elf[offset : offset + CHUNK]
        world.send(
            Instruction(
                LOADER,
                pack("<IIQ", WRITE, offset, len(chunk)) + chunk,
                [AccountMeta(buffer.pubkey(), False, True), AccountMeta(payer.pubkey(), True, False)],
            ),
            signers=(),
        )
    data = Pubkey.find_program_address([bytes(program.pubkey())], LOADER)[0]
    accounts = [
        AccountMeta(payer.pubkey(), True, True),
        AccountMeta(data, False, True),
        AccountMeta(program.pubkey(), False, True),
        AccountMeta(buffer.pubkey(), False, True),
        AccountMeta(RENT, False, False),
        AccountMeta(CLOCK, False, False),
        AccountMeta(SYSTEM_PROGRAM, False, False),
        AccountMeta(payer.pubkey(), True, False),
    ]
    world.send(
        reserve(world, payer, program, PROGRAM_SIZE),
        Instruction(LOADER, pack("<IQ", DEPLOY, len(elf)), accounts),
        signers=(program,),
    )
    return program.pubkey()


@pytest.fixture
def cluster(request):
    """A VM with the features of a real cluster and without our program."""
    from solders.litesvm import FeatureSet

    world = request.config.world_type(LiteSVM().with_builtins(FeatureSet.default()))
    world.give(world.payer, 10**11)
    return world


def test_a_whole_round_runs_on_the_deployed_program(cluster):
    from arena.chain.pda import bot_address

    cluster.program_id = deploy(cluster, program_elf())
    cluster.svm.warp_to_slot(5)  # a program can be called from the slot after its deployment
    cluster.set_time(1_700_000_000)
    cluster.bot = bot_address(cluster.program_id, cluster.quote.pubkey(), cluster.bot_id)
    cluster.create()
    cluster.record(cluster.alice)
    cluster.record(cluster.bob)
    cluster.settle(cluster.alice, 1, cluster.state.pot - 700_000)
    cluster.refund(cluster.bob, 2)
    assert cluster.close().event.to_platform == 100_000


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"sol_log_data", b"sol_log_datX"),
        (b"\x95\0\0\0\0\0\0\0", b"\x06\0\0\0\0\0\0\0"),
        (b"\x7fELF", b"\x7fELG"),
    ],
)
def test_the_loader_is_a_real_one(cluster, was, becomes):
    """It refuses an unknown syscall, an opcode that does not exist, and a file that is not ELF."""
    broken = program_elf().replace(was, becomes)
    assert broken != program_elf()
    with pytest.raises(cluster.Refused):
        deploy(cluster, broken)
