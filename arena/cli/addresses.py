"""Solana addresses as arguments of commands."""

from __future__ import annotations

import click
from solders.pubkey import Pubkey


def address(text: str) -> Pubkey:
    """A click type.

    Raises:
        BadParameter: it is none.
    """
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a Solana address") from None
