"""Putting the program on a cluster, so that it may be interrupted anywhere and started again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import trio
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM

from arena.chain import loader
from arena.chain.client import AccountState, ChainClient, ChainUnavailable, Commitment, TransactionRejected
from arena.chain.cosigning import Signed
from arena.chain.deployment_plan import (
    UNIT_LIMIT,
    DeploymentRefused,
    Found,
    Kind,
    Order,
    Plan,
    Rent,
    Step,
    extend,
    extension,
    plan,
)
from arena.chain.loader import Buffer, NotALoaderAccount, ProgramData
from arena.chain.own_transactions import own_transaction
from arena.chain.parallel import in_parallel
from arena.chain.transaction_errors import describe

__all__ = ["deploy", "look"]

STEPS_AT_ONCE: Final = 128
"""Transactions under way at once; a program has more chunks than that when it is larger than 100 kB."""
SENDS_AT_ONCE: Final = 8
ATTEMPTS: Final = 5
"""How often in a row the transactions of a stage may all be lost."""
LOOKS_AT_MOST: Final = 600
"""Looks at a node that is behind, or at what is not final yet."""


async def look(client: ChainClient, order: Order) -> tuple[Found, Plan]:
    """What the cluster holds, and what is left to do.

    Raises:
        ChainUnavailable: the node cannot be asked.
        DeploymentRefused: it cannot be done.
    """
    found = await _read(client, order)
    return found, plan(order, found)


async def deploy(
    client: ChainClient,
    order: Order,
    *,
    progress: Callable[[str], None] = lambda _: None,
    interval: float = 1.0,
) -> None:
    """Do what is left to do; when it returns, the finalized code account holds the program, byte for byte.

    Nothing but the chain remembers how far it has come: start it again after any error.

    Args:
        client: asks for `confirmed`.
        interval: seconds between looks at the chain, and between repeated sends of one transaction.

    Raises:
        ChainUnavailable: the node cannot be asked, or transactions do not land.
        DeploymentRefused: it cannot be done, or the cluster refused a transaction.
    """
    slot, lost = 0, 0
    while lost < ATTEMPTS:
        found = await _read(client, order, since=slot, interval=interval)
        todo = plan(order, found)
        if todo.kind is Kind.NOTHING:
            if await _is_final(client, order, interval):
                return
            continue
        stage = todo.stages[0]
        progress(stage.what)
        landed, refusal = await _land(client, order, stage.steps[:STEPS_AT_ONCE], interval)
        slot, lost = max(slot, landed), 0 if landed else lost + 1
        if refusal is not None:
            # What an earlier start had sent may have landed first: then there is less to do now.
            found = await _read(client, order, since=slot, interval=interval)
            if plan(order, found).stages == todo.stages:
                raise DeploymentRefused(refusal)
    raise ChainUnavailable(f"{ATTEMPTS} times in a row no transaction has landed")


async def _is_final(client: ChainClient, order: Order, interval: float) -> bool:
    """Wait for what is confirmed to be final. False if it was taken back."""
    for _ in range(LOOKS_AT_MOST):
        found = await _read(client, order, commitment=Commitment.FINALIZED)
        if plan(order, found).kind is Kind.NOTHING:
            return True
        found = await _read(client, order)
        if plan(order, found).kind is not Kind.NOTHING:
            return False
        await trio.sleep(interval)
    raise ChainUnavailable("the program is there, but it does not become final")


async def _land(
    client: ChainClient, order: Order, steps: Sequence[Step], interval: float
) -> tuple[int, str | None]:
    """Send transactions until each is confirmed or can no longer land. The last slot in which one did, 0 if none, and
    why the cluster refused one, if it did.

    The same bytes are sent again, so that no step is paid for twice.
    """
    blockhash = await client.latest_blockhash()
    signed = [
        own_transaction(
            step.instructions,
            order.payer,
            blockhash,
            cosigners=step.cosigners,
            unit_limit=UNIT_LIMIT,
            unit_price=order.unit_price,
        )
        for step in steps
    ]
    waiting = {each.signature: each for each in signed}
    last, refusal = 0, None

    async def send(each: Signed) -> None:
        try:
            await client.send(each.transaction, skip_preflight=True)
        except (ChainUnavailable, TransactionRejected):
            return  # it is sent again; whether it lands is told by its status alone

    while waiting:
        await in_parallel(send, list(waiting.values()), at_once=SENDS_AT_ONCE)
        await trio.sleep(interval)
        # The height first: only what is unknown after it can no longer land.
        height = await client.block_height(Commitment.FINALIZED)
        signatures = list(waiting)
        for signature, status in zip(signatures, await client.statuses(signatures), strict=True):
            if status is None or status.confirmation is Commitment.PROCESSED:
                continue
            if status.error is not None:
                refusal = f"{signature} was refused: {describe(status.error)}"
            last = max(last, status.slot)
            del waiting[signature]
        if height > blockhash.last_valid_block_height:
            break
    return last, refusal


async def _read(
    client: ChainClient,
    order: Order,
    *,
    since: int = 0,
    interval: float = 1.0,
    commitment: Commitment = Commitment.CONFIRMED,
) -> Found:
    """What the cluster holds, in `since` or later.

    Behind one address there may be several nodes: one that is behind is asked again.
    """
    program, buffer = order.program.pubkey(), order.buffer.pubkey()
    code = loader.program_data_address(program)
    addresses = [order.payer.pubkey(), program, code, buffer]
    for _ in range(LOOKS_AT_MOST):
        states = await client.accounts(addresses, commitment)
        if max((state.slot for state in states if state is not None), default=0) >= since:
            break
        await trio.sleep(interval)
    else:
        raise ChainUnavailable(f"the node stays behind slot {since}")
    payer, program_account, code_account, buffer_account = states
    code_now = _program(program, program_account, code_account)
    more = extension(order.elf, code_now)
    size_now = len(order.elf) if code_now is None else len(code_now.content)
    size = size_now + more
    return Found(
        held=_lamports(payer),
        program=code_now,
        program_lamports=_lamports(program_account),
        buffer=_buffer(buffer, buffer_account),
        buffer_lamports=_lamports(buffer_account),
        rent=Rent(
            empty=await client.rent_exempt_minimum(0),
            buffer=await client.rent_exempt_minimum(loader.BUFFER_HEADER + len(order.elf)),
            program=await client.rent_exempt_minimum(loader.PROGRAM_SIZE),
            program_data=await client.rent_exempt_minimum(loader.PROGRAM_DATA_HEADER + size),
            program_data_now=await client.rent_exempt_minimum(loader.PROGRAM_DATA_HEADER + size_now),
        ),
        extension_is_checked=more > 0 and await _extension_is_checked(client, order, more),
    )


async def _extension_is_checked(client: ChainClient, order: Order, more: int) -> bool:
    """Whether the cluster knows only the newer one of the two instructions: it has either."""
    step = extend(order, more, checked=False)
    signed = own_transaction(
        step.instructions, order.payer, await client.latest_blockhash(), unit_limit=UNIT_LIMIT
    )
    try:
        error = (await client.simulate(signed.transaction)).error
    except TransactionRejected:
        return False  # it says nothing about the instruction
    match error:
        case {"InstructionError": [int(), "InvalidInstructionData"]}:
            return True
        case _:
            return False


def _program(address: Pubkey, account: AccountState | None, code: AccountState | None) -> ProgramData | None:
    """Raises DeploymentRefused: there is something else."""
    if account is None or _is_free(account):
        return None
    if account.owner != loader.LOADER:
        raise DeploymentRefused(f"{address} is something else and belongs to {account.owner}")
    try:
        loader.decode_program(account.data)
        if code is None:
            raise DeploymentRefused(f"the program {address} was closed, for ever: take another program key")
        return loader.decode_program_data(code.data)
    except NotALoaderAccount as error:
        raise DeploymentRefused(f"{address} is no program: {error}") from error


def _buffer(address: Pubkey, account: AccountState | None) -> Buffer | None:
    """Raises DeploymentRefused: there is something else."""
    if account is None or _is_free(account):
        return None
    try:
        return loader.decode_buffer(account.data)
    except NotALoaderAccount as error:
        raise DeploymentRefused(f"{address} is no buffer: {error}") from error


def _is_free(account: AccountState) -> bool:
    """Whether there is nothing but lamports that somebody has sent."""
    return account.owner == SYSTEM_PROGRAM and not account.data


def _lamports(account: AccountState | None) -> int:
    return 0 if account is None else account.lamports
