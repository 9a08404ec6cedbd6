"""`arena token`: sign in with a key file, for `curl` and scripts."""

from __future__ import annotations

from pathlib import Path

import click
import trio
from solders.keypair import Keypair

from arena.cli.arena_client import ArenaError, arena_client
from arena.cli.failure import fail
from arena.keys import read_keypair


@click.command()
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Of the running arena.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".arena/keys/admin.json"),
    show_default=True,
    help="The wallet's key file, as solana-keygen writes it.",
)
def token(url: str, key: Path) -> None:
    """Print an access token of a wallet: curl -H "Authorization: Bearer $(arena token)" URL/admin/actors"""
    try:
        wallet = read_keypair(key)
    except (OSError, ValueError) as error:
        fail(f"{key}: {error}")
    try:
        click.echo(trio.run(_sign_in, url, wallet))
    except ArenaError as error:
        fail(str(error))


async def _sign_in(url: str, wallet: Keypair) -> str:
    async with arena_client(url, wallet) as client:
        return await client.sign_in()
