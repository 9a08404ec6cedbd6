"""What is left to do until a cluster has the program: from what it holds now, with no node at hand.

The plan depends on nothing but the order and the accounts. So an interrupted deployment goes on by being planned anew,
and a plan that has nothing left to do is the proof that it is done.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import AllocateParams, AssignParams, TransferParams, allocate, assign, transfer

from arena.chain import loader
from arena.chain.loader import Buffer, ProgramData

CHUNK: Final = 850
"""Bytes of the program in one transaction: what fits beside two signatures."""
UNIT_LIMIT: Final = 10_000
"""Compute units of one transaction; none of these takes half of them."""
SIGNATURE_FEE: Final = 5_000
"""Lamports a signature, https://solana.com/docs/core/fees."""


class DeploymentRefused(Exception):
    """It cannot be done; the message says why."""


class Kind(StrEnum):
    """What a deployment is."""

    FIRST = "first deployment"
    UPGRADE = "upgrade"
    FINAL = "giving up the upgrade authority"
    NOTHING = "nothing to do"


@dataclass(frozen=True)
class Order:
    """What shall be.

    Attributes:
        authority: may replace the program, until `final`; also writes the buffer.
        unit_price: micro-lamports per compute unit.
    """

    elf: bytes = field(repr=False)
    program: Keypair = field(repr=False)
    payer: Keypair = field(repr=False)
    authority: Keypair = field(repr=False)
    final: bool = False
    unit_price: int = 0

    @cached_property
    def buffer(self) -> Keypair:
        """Where the program's bytes are collected. A repeated start finds it, since it follows from the payer's
        secret and the program's address. It does not depend on the bytes, so that no buffer of an older version
        is left behind with its rent; nobody but the payer can foresee it."""
        seed = hmac.digest(
            self.payer.secret(), b"arena deploy buffer" + bytes(self.program.pubkey()), "sha256"
        )
        return Keypair.from_seed(seed)


@dataclass(frozen=True, slots=True)
class Found:
    """What the cluster holds.

    Attributes:
        held: lamports of the payer.
        program: None before the first deployment.
        program_lamports: at the program's address.
        buffer: None if there is none (any more).
        buffer_lamports: at its address.
        extension_is_checked: whether the cluster lets only the authority extend a program.
    """

    held: int
    program: ProgramData | None
    program_lamports: int
    buffer: Buffer | None
    buffer_lamports: int
    rent: Rent
    extension_is_checked: bool = False


@dataclass(frozen=True, slots=True)
class Rent:
    """Lamports that accounts have to hold: one without data, the buffer, the program, its code as it will be, and
    as it is."""

    empty: int
    buffer: int
    program: int
    program_data: int
    program_data_now: int


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction, paid by the payer.

    Attributes:
        cosigners: who signs beside the payer (who may be among them).
    """

    instructions: tuple[Instruction, ...]
    cosigners: tuple[Keypair, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that may be carried out at once, in any order."""

    what: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is left to do.

    Attributes:
        needed: lamports that the payer has to hold.
        cost: lamports that he will have less; negative if more comes back from an old buffer.
    """

    kind: Kind
    stages: tuple[Stage, ...]
    needed: int
    cost: int


def plan(order: Order, found: Found) -> Plan:
    """What is left to do.

    Raises:
        DeploymentRefused: the program or the buffer are in somebody else's hands, or it is final.
    """
    is_there = found.program is not None and found.program.is_program(order.elf)
    gives_up = order.final and (found.program is None or found.program.authority is not None)
    if is_there and not gives_up:
        return Plan(Kind.NOTHING, (), 0, 0)
    if found.program is not None and found.program.authority != order.authority.pubkey():
        whose = f"by {found.program.authority} only" if found.program.authority else "by nobody: it is final"
        raise DeploymentRefused(f"{order.program.pubkey()} can be changed {whose}")
    stages = [] if is_there else _deploying(order, found)
    if gives_up:
        code = loader.program_data_address(order.program.pubkey())
        final = loader.set_authority(code, order.authority.pubkey(), None)
        stages.append(_stage("giving up the upgrade authority", order, (final,)))
    fees = sum(_fee(order, step) for stage in stages for step in stage.steps)
    if is_there:
        return Plan(Kind.FINAL, tuple(stages), fees + found.rent.empty, fees)
    return _priced(order, found, tuple(stages), fees)


def extension(elf: bytes, program: ProgramData | None) -> int:
    """How many bytes the code account has to grow by before an upgrade."""
    missing = 0 if program is None else len(elf) - len(program.content)
    return max(missing, loader.MIN_EXTENSION) if missing > 0 else 0


def extend(order: Order, more: int, *, checked: bool) -> Step:
    """The step that lets the code account grow."""
    program, payer, authority = order.program.pubkey(), order.payer.pubkey(), order.authority.pubkey()
    if checked:
        instruction = loader.extend_program_checked(program, authority, payer, more)
        return Step((instruction,), (order.authority,))
    return Step((loader.extend_program(program, payer, more),), ())


def _deploying(order: Order, found: Found) -> list[Stage]:
    program, buffer = order.program.pubkey(), order.buffer.pubkey()
    payer, authority = order.payer.pubkey(), order.authority.pubkey()
    stages = []
    there = found.buffer
    if there is not None and there.authority != authority:
        raise DeploymentRefused(
            f"a deployment with another upgrade authority was interrupted, its buffer is {buffer}: "
            f"finish it with the key of {there.authority}"
        )
    lamports = found.buffer_lamports
    if there is not None and len(there.content) != len(order.elf):
        ending = loader.close(buffer, payer, authority)
        stages.append(_stage("closing the buffer of another version", order, (ending,)))
        there, lamports = None, 0
    if there is None:
        making = _account(payer, buffer, found.rent.buffer - lamports, loader.BUFFER_HEADER + len(order.elf))
        making += (loader.initialize_buffer(buffer, authority),)
        stages.append(Stage("making the buffer", (Step(making, (order.buffer,)),)))
    held = there.content if there is not None else bytes(len(order.elf))
    writes = tuple(
        Step((loader.write(buffer, authority, offset, chunk),), (order.authority,))
        for offset in range(0, len(order.elf), CHUNK)
        if (chunk := order.elf[offset : offset + CHUNK]) != held[offset : offset + CHUNK]
    )
    if writes:
        stages.append(Stage(f"writing {len(writes)} chunks", writes))
    if found.program is not None:
        if more := extension(order.elf, found.program):
            growing = extend(order, more, checked=found.extension_is_checked)
            stages.append(Stage("making room", (growing,)))
        stages.append(
            _stage("upgrading", order, (loader.upgrade(program, buffer, authority, payer),)),
        )
        return stages
    making = _account(payer, program, found.rent.program - found.program_lamports, loader.PROGRAM_SIZE)
    making += (loader.deploy_with_max_data_len(payer, program, buffer, authority, len(order.elf)),)
    stages.append(Stage("deploying", (Step(making, (order.program, order.authority)),)))
    return stages


def _account(payer: Pubkey, address: Pubkey, lamports: int, size: int) -> tuple[Instruction, ...]:
    """Make an account of the loader's. Unlike `create_account`, this works where somebody has sent lamports before."""
    making = (
        allocate(AllocateParams(pubkey=address, space=size)),
        assign(AssignParams(pubkey=address, owner=loader.LOADER)),
    )
    if lamports <= 0:
        return making
    return (transfer(TransferParams(from_pubkey=payer, to_pubkey=address, lamports=lamports)), *making)


def _stage(what: str, order: Order, instructions: tuple[Instruction, ...]) -> Stage:
    return Stage(what, (Step(instructions, (order.authority,)),))


def _fee(order: Order, step: Step) -> int:
    signers = {order.payer.pubkey(), *(key.pubkey() for key in step.cosigners)}
    # A priority fee is rounded up to the lamport.
    return SIGNATURE_FEE * len(signers) - (-UNIT_LIMIT * order.unit_price // 1_000_000)


def _priced(order: Order, found: Found, stages: tuple[Stage, ...], fees: int) -> Plan:
    """The buffer's lamports are the payer's again in the end; until then he has to have them."""
    rent, back = found.rent, found.buffer_lamports
    closes = found.buffer is not None and len(found.buffer.content) != len(order.elf)
    # What he gets back by the first step, he has.
    lent = rent.buffer - back if closes else max(0, rent.buffer - back)
    if found.program is None:
        program = max(0, rent.program - found.program_lamports)
        needed = fees + program + lent + max(0, rent.program_data - max(rent.buffer, back)) + rent.empty
        return Plan(Kind.FIRST, stages, needed, fees + program + rent.program_data - back)
    grows = rent.program_data - rent.program_data_now
    return Plan(Kind.UPGRADE, stages, fees + grows + lent + rent.empty, fees + grows - back)
