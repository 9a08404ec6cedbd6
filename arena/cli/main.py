"""`arena`: the group of all commands."""

from __future__ import annotations

import click

from arena.cli.audit import audit
from arena.cli.bots import bots
from arena.cli.close import close_abandoned
from arena.cli.demo import demo
from arena.cli.deploy import deploy_program
from arena.cli.export_frames import export_frames
from arena.cli.export_openapi import export_openapi
from arena.cli.localnet import localnet
from arena.cli.migrate import migrate
from arena.cli.refund import refund
from arena.cli.rotate_keys import rotate
from arena.cli.serve import serve
from arena.cli.token import token
from arena.cli.verify import verify_bot


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sarpoy-arena")
def main() -> None:
    """Arena: chat with live puzzle bots, pay each message on Solana, win the pot."""


for command in (
    serve,
    demo,
    bots,
    audit,
    verify_bot,
    close_abandoned,
    refund,
    rotate,
    deploy_program,
    localnet,
    migrate,
    token,
    export_openapi,
    export_frames,
):
    main.add_command(command)
