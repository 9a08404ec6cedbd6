"""`arena localnet`: a local Solana chain, as a server of its own."""

from __future__ import annotations

from pathlib import Path

import click
import trio

from arena.chain.artifacts import DEFAULT_PROGRAM_ID, program_path
from arena.cli.failure import fail
from arena.localnet.config import LocalnetConfig
from arena.localnet.errors import LocalnetError
from arena.localnet.server import serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", default=8899, show_default=True, help="JSON-RPC; the websockets are at the next port."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".arena/localnet"),
    show_default=True,
    help="Where the chain is kept.",
)
@click.option("--slot-ms", default=400, show_default=True, help="Length of a slot, in milliseconds.")
@click.option("--forkable", is_flag=True, help="For tests: slots can be dropped, by arena_dropSlots.")
@click.option("--faulty", is_flag=True, help="For tests: it answers badly when told to, by arena_misbehave.")
def localnet(host: str, port: int, data_dir: Path, slot_ms: int, forkable: bool, faulty: bool) -> None:
    """Run a local Solana chain with the arena's program on it."""
    config = LocalnetConfig(
        host=host,
        rpc_port=port,
        data_dir=data_dir,
        slot_ms=slot_ms,
        programs={DEFAULT_PROGRAM_ID: program_path()},
        forkable=forkable,
        faulty=faulty,
    )
    click.echo(f"arena: local chain at http://{host}:{port}, websockets at port {port + 1}", err=True)
    try:
        trio.run(serve, config)
    except (LocalnetError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        click.echo("arena: local chain stopped", err=True)
