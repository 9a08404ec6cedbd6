"""`arena`: the group of all commands."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Final

import click

COMMANDS: Final = {
    "serve": "serve:serve",
    "play": "play:play",
    "watch": "watch:watch",
    "top": "top:top",
    "demo": "demo:demo",
    "bots": "bots:bots",
    "audit": "audit:audit",
    "verify": "verify:verify_bot",
    "close": "close:close_abandoned",
    "refund": "refund:refund",
    "rotate-keys": "rotate_keys:rotate",
    "deploy": "deploy:deploy_program",
    "localnet": "localnet:localnet",
    "migrate": "migrate:migrate",
    "token": "token:token",
    "export-openapi": "export_openapi:export_openapi",
    "export-frames": "export_frames:export_frames",
}
"""Where each command is: the module below `arena.cli`, and its name there."""


class Commands(click.Group):
    """Imports a command when it is asked for: all of them take a second, most alone a third of that."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        # What is imported stays. To have Python look through it again and again takes a third of the time.
        gc.disable()
        try:
            command = getattr(import_module(f"arena.cli.{module}"), name)
        finally:
            gc.freeze()
            gc.enable()
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sarpoy-arena")
def main() -> None:
    """Arena: chat with live puzzle bots, pay each message on Solana, win the pot."""
