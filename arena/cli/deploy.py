"""`arena deploy`: puts the committed program on a cluster. Needs a node; no server, no database."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import click
import trio
from solders.keypair import Keypair

from arena.chain.artifacts import ArtifactCorrupt, program_elf
from arena.chain.client import ChainUnavailable, Commitment
from arena.chain.deployment import deploy, look
from arena.chain.deployment_plan import DeploymentRefused, Found, Kind, Order, Plan
from arena.chain.patient import PatientClient
from arena.cli.endpoints import NoArena, rpc_url_of
from arena.cli.failure import fail, settings_or_exit
from arena.economy import format_sol
from arena.keys import generated_keypair, read_keypair

UNREADABLE = 3
MAX_UNIT_PRICE = 1_000_000_000
"""Micro-lamports: at this price a deployment pays about 0.25 SOL more. Whoever asks for more has mistyped."""

_key_file = click.Path(path_type=Path, dir_okay=False)


@click.command("deploy")
@click.option("--rpc", help="A node of the chain.  [default: that of the settings, or the local chain]")
@click.option("--payer", required=True, type=_key_file, help="Who pays rent and fees: a key file.")
@click.option(
    "--program-key",
    required=True,
    type=_key_file,
    help="Gives the program its address: a key file, made if there is none.",
)
@click.option(
    "--upgrade-authority",
    type=_key_file,
    help="Who may replace the program later: a key file.  [default: the payer]",
)
@click.option("--final", is_flag=True, help="Give up the upgrade authority: nobody can change it ever again.")
@click.option("--check", is_flag=True, help="Only say what would be done; exit code 0 if that is nothing.")
@click.option(
    "--unit-price",
    type=click.IntRange(0, MAX_UNIT_PRICE),
    default=0,
    show_default=True,
    help="Priority fee in micro-lamports a compute unit, for a busy cluster.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def deploy_program(
    rpc: str | None,
    payer: Path,
    program_key: Path,
    upgrade_authority: Path | None,
    final: bool,
    check: bool,
    unit_price: int,
    yes: bool,
) -> None:
    """Put the program of this version on a cluster, or replace an older one, through the upgradeable loader.

    May be interrupted: started again it writes only what is missing.

    Exit code 0: it is there, finally, byte for byte; 1: it is not; 3: the chain cannot be read.
    """
    paying = _key(payer)
    authority = _key(upgrade_authority) if upgrade_authority else paying
    # Looking leaves nothing behind, not even a key.
    program = _key(program_key) if check else _key(program_key, make=True)
    if program.pubkey() in (paying.pubkey(), authority.pubkey()):
        fail("the program's key must be a key of its own", code=2)
    try:
        order = Order(program_elf(), program, paying, authority, final, unit_price)
    except ArtifactCorrupt as error:
        fail(str(error))
    _run(order, rpc or _rpc(), check=check, yes=yes)


def _run(order: Order, rpc: str, *, check: bool, yes: bool) -> None:
    try:
        found, todo = trio.run(_look, order, rpc)
        _show(order, found, todo)
        if check:
            raise SystemExit(0 if todo.kind is Kind.NOTHING else 1)
        if todo.kind is not Kind.NOTHING:
            if found.held < todo.needed:
                short = format_sol(todo.needed - found.held)
                fail(f"{order.payer.pubkey()} holds {format_sol(found.held)}: send it {short}")
            if not yes and not click.confirm("Go on?"):
                fail("nothing was done")
        trio.run(_deploy, order, rpc)
    except DeploymentRefused as error:
        fail(str(error))
    except (ChainUnavailable, ValueError) as error:
        fail(str(error), "what is done stays done: start it again", code=UNREADABLE)
    except KeyboardInterrupt:
        fail("interrupted; start it again, what is done stays done")
    click.echo(f"{order.program.pubkey()} is the program of this version, finally.")


async def _look(order: Order, rpc: str) -> tuple[Found, Plan]:
    async with PatientClient(rpc, Commitment.CONFIRMED) as client:
        return await look(client, order)


async def _deploy(order: Order, rpc: str) -> None:
    async with PatientClient(rpc, Commitment.CONFIRMED) as client:
        await deploy(client, order, progress=lambda what: click.echo(f"{what} ...", err=True))


def _show(order: Order, found: Found, todo: Plan) -> None:
    authority = found.program.authority if found.program else order.authority.pubkey()
    click.echo(f"Program    {order.program.pubkey()}")
    click.echo(f"           {len(order.elf)} bytes, sha256 {sha256(order.elf).hexdigest()}")
    click.echo(f"Authority  {authority or 'nobody: it is final'}{_gives_up(order, todo)}")
    click.echo(f"To do      {todo.kind}")
    for stage in todo.stages:
        click.echo(f"           - {stage.what}")
    if todo.stages:
        click.echo(f"Cost       {format_sol(todo.cost)}, of {order.payer.pubkey()}")
        click.echo(
            f"           which has to hold {format_sol(todo.needed)} and holds {format_sol(found.held)}"
        )


def _gives_up(order: Order, todo: Plan) -> str:
    return ", then nobody, ever" if order.final and todo.stages else ""


def _key(path: Path, *, make: bool = False) -> Keypair:
    try:
        return generated_keypair(path) if make else read_keypair(path)
    except OSError as error:
        _unusable(path, error.strerror or str(error))
    except ValueError as error:
        _unusable(path, str(error))


def _unusable(path: Path, why: str) -> NoReturn:
    fail(f"{path}: {why}")


def _rpc() -> str:
    try:
        return rpc_url_of(settings_or_exit())
    except NoArena as error:
        fail(str(error), code=UNREADABLE)
