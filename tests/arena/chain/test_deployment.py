"""Deployments through the real loader of the local chain: first ones, interrupted ones, upgrades, final ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trio
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey

from arena.chain import deployment, loader
from arena.chain.artifacts import program_elf
from arena.chain.client import ChainClient, ChainUnavailable, Commitment, Simulation
from arena.chain.deployment import deploy, look
from arena.chain.deployment_plan import CHUNK, DeploymentRefused, Kind, Order, Plan
from arena.chain.own_transactions import own_transaction
from arena.localnet import LocalnetConfig
from tests.arena.localnet.support import MEMO, SOL, running

INTERVAL = 0.02


@dataclass
class Cluster:
    """A chain, whoever deploys, and what it has said."""

    url: str
    client: ChainClient
    order: Order

    async def deploy(self, order: Order | None = None, client: ChainClient | None = None) -> list[str]:
        """What was done."""
        said: list[str] = []
        with trio.fail_after(60):
            await deploy(client or self.client, order or self.order, progress=said.append, interval=INTERVAL)
        return said

    async def plan(self, order: Order | None = None) -> Plan:
        return (await look(self.client, order or self.order))[1]

    async def give(self, key: Pubkey, lamports: int = 10 * SOL) -> None:
        await self.client.airdrop(key, lamports)
        with trio.fail_after(10):
            while await self.client.balance(key) < lamports:
                await trio.sleep(INTERVAL)

    async def code(self) -> loader.ProgramData:
        address = loader.program_data_address(self.order.program.pubkey())
        state = await self.client.account(address, Commitment.FINALIZED)
        assert state is not None
        return loader.decode_program_data(state.data)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    config = LocalnetConfig(tmp_path / "chain", rpc_port=0, slot_ms=20, finalized_after=4)
    async with running(config) as chain, ChainClient(chain.endpoints.rpc_url) as client:
        payer = Keypair()
        order = Order(program_elf(), Keypair(), payer, payer)
        cluster = Cluster(chain.endpoints.rpc_url, client, order)
        await cluster.give(payer.pubkey())
        yield cluster


@pytest.fixture(scope="module")
def larger() -> bytes:
    """Another real program, several times as large: the memo program that the VM brings along."""
    account = LiteSVM().get_account(MEMO)
    assert account is not None
    elf = bytes(account.data)
    assert len(elf) > len(program_elf()) + loader.MIN_EXTENSION
    return elf


class InterruptedClient(ChainClient):
    """Has its user interrupted at a send."""

    def __init__(self, url: str, scope: trio.CancelScope, at: int) -> None:
        super().__init__(url)
        self.scope, self.left = scope, at

    async def send(self, transaction: bytes, *, skip_preflight: bool = False) -> str:
        self.left -= 1
        if self.left <= 0:
            self.scope.cancel()
            await trio.lowlevel.checkpoint()
        return await super().send(transaction, skip_preflight=skip_preflight)


async def interrupt(cluster: Cluster, order: Order, at: int) -> None:
    with trio.CancelScope() as scope:
        async with InterruptedClient(cluster.url, scope, at) as client:
            await cluster.deploy(order, client)
    assert scope.cancelled_caught


async def settled(cluster: Cluster) -> None:
    """All that was sent is confirmed."""
    slot = await cluster.client.slot(Commitment.PROCESSED)
    with trio.fail_after(10):
        while await cluster.client.slot(Commitment.CONFIRMED) < slot:
            await trio.sleep(INTERVAL)


async def test_a_program_is_deployed_at_the_price_that_was_said(cluster: Cluster) -> None:
    plan = await cluster.plan()
    assert plan.kind is Kind.FIRST
    said = await cluster.deploy()
    assert said == ["making the buffer", f"writing {-(-len(program_elf()) // CHUNK)} chunks", "deploying"]
    code = await cluster.code()
    assert (code.content, code.authority) == (program_elf(), cluster.order.payer.pubkey())
    program = await cluster.client.account(cluster.order.program.pubkey())
    assert program is not None
    assert program.executable
    assert await cluster.client.account(cluster.order.buffer.pubkey()) is None
    assert await cluster.client.balance(cluster.order.payer.pubkey()) == 10 * SOL - plan.cost

    assert (await cluster.plan()).kind is Kind.NOTHING
    assert await cluster.deploy() == [], "a second time nothing is done"


async def test_what_was_said_to_be_needed_is_enough(cluster: Cluster) -> None:
    poor = Keypair()
    order = replace(cluster.order, payer=poor, authority=poor, unit_price=33_333)
    await cluster.give(poor.pubkey(), (await cluster.plan(order)).needed)
    cost = (await cluster.plan(order)).cost
    before = await cluster.client.balance(poor.pubkey())
    await cluster.deploy(order)
    assert await cluster.client.balance(poor.pubkey()) == before - cost


@pytest.mark.parametrize("at", [2, 8, 25], ids=["before the chunks", "among the chunks", "after them"])
async def test_an_interrupted_deployment_goes_on_and_pays_nothing_twice(cluster: Cluster, at: int) -> None:
    cost = (await cluster.plan()).cost
    await interrupt(cluster, cluster.order, at)
    await settled(cluster)
    assert await cluster.client.account(cluster.order.buffer.pubkey()) is not None
    rest = await cluster.plan()
    assert rest.kind is Kind.FIRST
    assert rest.needed < cost

    said = await cluster.deploy()
    assert said == [stage.what for stage in rest.stages]
    assert "making the buffer" not in said
    assert (await cluster.code()).content == program_elf()
    assert await cluster.client.balance(cluster.order.payer.pubkey()) == 10 * SOL - cost


async def test_what_an_earlier_start_has_sent_may_land_under_way(cluster: Cluster) -> None:
    """Two at once: whatever one of them does not find done any more, the other has done."""
    async with ChainClient(cluster.url) as other, trio.open_nursery() as nursery:
        nursery.start_soon(cluster.deploy)
        await other.latest_blockhash()
        await settled(cluster)
        nursery.start_soon(cluster.deploy, None, other)
    assert (await cluster.code()).content == program_elf()


async def test_transactions_that_never_land_end_it(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object, **__: object) -> str:
        raise ChainUnavailable("gone")

    async with ChainClient(cluster.url) as deaf:
        monkeypatch.setattr(deaf, "send", lost)
        monkeypatch.setattr(deployment, "ATTEMPTS", 1)
        with pytest.raises(ChainUnavailable, match="no transaction has landed"):
            await cluster.deploy(client=deaf)


async def test_a_buffer_of_another_version_gives_its_rent_back(cluster: Cluster, larger: bytes) -> None:
    await interrupt(cluster, replace(cluster.order, elf=larger), 8)
    await settled(cluster)
    held = await cluster.client.balance(cluster.order.payer.pubkey())
    plan = await cluster.plan()
    said = await cluster.deploy()
    assert said[:2] == ["closing the buffer of another version", "making the buffer"]
    assert (await cluster.code()).content == program_elf()
    assert await cluster.client.balance(cluster.order.payer.pubkey()) == held - plan.cost


async def test_an_upgrade_to_a_larger_program_makes_room_and_a_smaller_one_leaves_zeros(
    cluster: Cluster, larger: bytes
) -> None:
    await cluster.deploy()
    bigger = replace(cluster.order, elf=larger)
    held = await cluster.client.balance(cluster.order.payer.pubkey())
    plan = await cluster.plan(bigger)
    assert plan.kind is Kind.UPGRADE
    said = await cluster.deploy(bigger)
    assert said[-2:] == ["making room", "upgrading"]
    assert (await cluster.code()).content == larger
    assert await cluster.client.balance(cluster.order.payer.pubkey()) == held - plan.cost

    said = await cluster.deploy()
    assert (said[0], said[-1]) == ("making the buffer", "upgrading")
    assert (await cluster.code()).content == program_elf().ljust(len(larger), b"\0")
    assert (await cluster.plan()).kind is Kind.NOTHING


async def test_a_cluster_that_knows_only_the_checked_extension_gets_that(
    cluster: Cluster, larger: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local chain has the older one; of the newer one a cluster says this to the simulation."""
    await cluster.deploy()
    bigger = replace(cluster.order, elf=larger)
    assert "06000000" in extensions(await cluster.plan(bigger))

    async def refused(*_: object, **__: object) -> Simulation:
        return Simulation({"InstructionError": [1, "InvalidInstructionData"]}, (), 0)

    monkeypatch.setattr(cluster.client, "simulate", refused)
    assert "09000000" in extensions(await cluster.plan(bigger))


def extensions(plan: Plan) -> list[str]:
    """How the instructions begin that make room."""
    steps = [step for stage in plan.stages if stage.what == "making room" for step in stage.steps]
    return [bytes(step.instructions[0].data)[:4].hex() for step in steps]


async def test_an_authority_of_its_own_is_not_the_payer(cluster: Cluster, larger: bytes) -> None:
    authority = Keypair()
    order = replace(cluster.order, authority=authority)
    plan = await cluster.plan(order)
    await cluster.deploy(order)
    assert (await cluster.code()).authority == authority.pubkey()
    assert await cluster.client.balance(order.payer.pubkey()) == 10 * SOL - plan.cost
    with pytest.raises(DeploymentRefused, match=f"by {authority.pubkey()} only"):
        await cluster.deploy(replace(cluster.order, elf=larger))
    await cluster.deploy(replace(order, elf=larger))
    assert (await cluster.code()).content == larger


async def test_a_final_program_is_nobody_s_and_stays_what_it_is(cluster: Cluster, larger: bytes) -> None:
    final = replace(cluster.order, final=True)
    plan = await cluster.plan(final)
    assert (await cluster.deploy(final))[-1] == "giving up the upgrade authority"
    assert (await cluster.code()).authority is None
    assert await cluster.client.balance(final.payer.pubkey()) == 10 * SOL - plan.cost
    assert (await cluster.plan(final)).kind is Kind.NOTHING
    assert (await cluster.plan()).kind is Kind.NOTHING
    with pytest.raises(DeploymentRefused, match="it is final"):
        await cluster.deploy(replace(cluster.order, elf=larger))


async def test_the_authority_can_be_given_up_later(cluster: Cluster) -> None:
    await cluster.deploy()
    final = replace(cluster.order, final=True)
    assert (await cluster.plan(final)).kind is Kind.FINAL
    assert await cluster.deploy(final) == ["giving up the upgrade authority"]
    assert (await cluster.code()).authority is None
    assert (await cluster.code()).content == program_elf()


async def test_lamports_that_a_stranger_sends_ahead_stop_nothing(cluster: Cluster) -> None:
    for key in (cluster.order.program.pubkey(), cluster.order.buffer.pubkey()):
        await cluster.give(key, SOL // 1000)
    plan = await cluster.plan()
    await cluster.deploy()
    assert (await cluster.code()).content == program_elf()
    assert await cluster.client.balance(cluster.order.payer.pubkey()) == 10 * SOL - plan.cost


async def test_an_interrupted_deployment_of_another_authority_is_named(cluster: Cluster) -> None:
    other = replace(cluster.order, authority=Keypair())
    await interrupt(cluster, other, 8)
    await settled(cluster)
    with pytest.raises(DeploymentRefused, match=str(other.authority.pubkey())):
        await cluster.deploy()
    await cluster.deploy(other)


async def test_what_is_no_program_is_left_alone(cluster: Cluster) -> None:
    buffer = cluster.order.buffer
    await interrupt(cluster, cluster.order, 8)
    await settled(cluster)
    with pytest.raises(DeploymentRefused, match=r"is no program"):
        await cluster.plan(replace(cluster.order, program=buffer))


async def test_a_closed_program_is_never_deployed_again(cluster: Cluster) -> None:
    await cluster.deploy()
    order = cluster.order
    payer, program = order.payer.pubkey(), order.program.pubkey()
    closing = loader.close(loader.program_data_address(program), payer, payer)
    # A program is closed with its own account named as well.
    closing = type(closing)(
        closing.program_id,
        bytes(closing.data),
        [*closing.accounts, loader.upgrade(program, payer, payer, payer).accounts[1]],
    )
    blockhash = await cluster.client.latest_blockhash()
    await cluster.client.send(own_transaction([closing], order.payer, blockhash).transaction)
    await settled(cluster)
    with pytest.raises(DeploymentRefused, match="was closed"):
        await cluster.plan()


async def test_a_program_that_the_loader_refuses_is_said_to_be_refused(cluster: Cluster) -> None:
    broken = replace(cluster.order, elf=program_elf().replace(b"\x7fELF", b"\x7fELG"))
    with pytest.raises(DeploymentRefused, match="was refused: InstructionError"):
        await cluster.deploy(broken)
    assert (await cluster.plan()).kind is Kind.FIRST
    await settled(cluster)
    async with ChainClient(cluster.url) as client:  # it has not seen the blockhash of what was refused
        said = await cluster.deploy(client=client)
    assert said == ["writing 1 chunks", "deploying"], "the buffer serves the right one"
