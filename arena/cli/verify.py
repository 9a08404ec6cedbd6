"""`arena verify`: check one bot from the chain alone."""

from __future__ import annotations

import json
from pathlib import Path

import click
import httpx
import trio
from solders.pubkey import Pubkey

from arena.audit.chain_reading import BotOnChain, Unreadable, read_bot
from arena.audit.proof import Proof, ProofMalformed, read_proof
from arena.audit.replay import replay
from arena.audit.verification import LIMITS, Check, exit_code, verify
from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.client import ChainUnavailable, Commitment
from arena.chain.patient import PatientClient
from arena.cli.addresses import address
from arena.cli.endpoints import NoArena, program_of, rpc_url_of
from arena.cli.failure import fail, settings_or_exit

UNREADABLE = 3
"""The exit code when chain, arena or proof cannot be read."""
MAX_PROOF_BYTES = 256 * 1024
TIMEOUT = 30.0


@click.command("verify")
@click.argument("bot_address", type=address)
@click.option("--rpc", help="A node of the chain.  [default: that of the settings, or the local chain]")
@click.option("--program", type=address, help="The arena's program.  [default: that of the settings]")
@click.option("--url", help="Of a running arena, to fetch the revealed puzzle from.")
@click.option(
    "--proof",
    "proof_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The revealed puzzle in a file: what GET /api/v1/bots/{id}/proof answered.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with stable keys.")
def verify_bot(
    bot_address: Pubkey,
    rpc: str | None,
    program: Pubkey | None,
    url: str | None,
    proof_file: Path | None,
    as_json: bool,
) -> None:
    """Check a bot from the chain alone: its history, its books, its prices, who was paid, what it committed to.

    Exit code 0: all that was checked is right; 1: something is wrong; 3: chain or proof cannot be read.
    """
    if url is not None and proof_file is not None:
        raise click.UsageError("--url and --proof exclude each other")
    if rpc is None:
        settings = settings_or_exit()
        program = program or program_of(settings)
        try:
            rpc = rpc_url_of(settings)
        except NoArena as error:
            fail(str(error), code=UNREADABLE)
    try:
        chain, checks = trio.run(_verify, rpc, program or DEFAULT_PROGRAM_ID, bot_address, url, proof_file)
    except (ChainUnavailable, Unreadable, ProofMalformed, OSError, ValueError) as error:
        fail(str(error), code=UNREADABLE)
    if as_json:
        click.echo(json.dumps(_as_json(chain, checks), indent=2))
    else:
        _print(bot_address, checks)
    raise SystemExit(exit_code(checks))


async def _verify(
    rpc: str, program_id: Pubkey, address: Pubkey, url: str | None, proof_file: Path | None
) -> tuple[BotOnChain, list[Check]]:
    async with PatientClient(rpc, Commitment.FINALIZED) as client:
        chain = await read_bot(client, program_id, address)
    ledger = replay(program_id, address, chain.events)
    if ledger.created is None:
        raise Unreadable(f"this chain knows no bot at {address} (of the program {program_id})")
    proof: Proof | None = None
    if proof_file is not None:
        proof = read_proof(await trio.Path(proof_file).read_bytes())
    elif url is not None and (ledger.settled or ledger.closed):
        proof = await _fetch_proof(url, str(ledger.created.bot_id))
    return chain, verify(chain, ledger, proof)


async def _fetch_proof(url: str, bot_id: str) -> Proof:
    received = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT) as http,
            http.stream("GET", f"{url.rstrip('/')}/api/v1/bots/{bot_id}/proof") as response,
        ):
            async for part in response.aiter_bytes():
                received += part
                if len(received) > MAX_PROOF_BYTES:
                    raise Unreadable(f"{url} answers with more than {MAX_PROOF_BYTES} bytes")
    except httpx.HTTPError as error:
        raise Unreadable(f"{url} cannot be asked for the proof: {type(error).__name__}") from error
    if response.status_code != httpx.codes.OK:
        raise Unreadable(f"{url} does not give the proof: {_code(bytes(received)) or response.status_code}")
    return read_proof(bytes(received))


def _code(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("code", "")) if isinstance(document, dict) else ""


def _as_json(chain: BotOnChain, checks: list[Check]) -> dict[str, object]:
    return {
        "version": 1,
        "address": str(chain.address),
        "ok": exit_code(checks) == 0,
        "events": chain.event_seq,
        "lamports": chain.lamports,
        "checks": [check.as_json() for check in checks],
        "limits": list(LIMITS),
    }


def _print(address: Pubkey, checks: list[Check]) -> None:
    click.echo(f"The bot {address}, as the chain has it finally:\n")
    for check in checks:
        mark = {True: "right", False: "WRONG", None: "  -  "}[check.ok]
        click.echo(f"  {mark}  {check.name}: {check.said}")
        for difference in check.differences:
            click.echo(f"         {difference}")
    click.echo("\nWhat no chain can tell:")
    for limit in LIMITS:
        click.echo(f"  - {limit}")
    click.echo("\nSomething is wrong." if exit_code(checks) else "\nNothing is wrong.")
