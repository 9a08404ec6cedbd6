"""The wallet that `arena play` plays with: a key file, made when there is none."""

from __future__ import annotations

import os
from pathlib import Path

from solders.keypair import Keypair

from arena.keys import generated_keypair, read_keypair


class WalletFileWrong(Exception):
    """The file cannot be used; the message says why and what to do."""


def default_path() -> Path:
    """Below the user's configuration, https://specifications.freedesktop.org/basedir-spec."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else Path.home() / ".config") / "arena" / "wallet.json"


def load_wallet(path: Path) -> tuple[Keypair, bool]:
    """The wallet, and whether it was made just now. The file and its folder are for their owner alone.

    Raises:
        WalletFileWrong: others can read it, or it is no key file.
    """
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return generated_keypair(path), True
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise WalletFileWrong(f"{path} can be read by others (mode {mode:o}): chmod 600 {path}")
        return read_keypair(path), False
    except OSError as error:
        raise WalletFileWrong(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise WalletFileWrong(f"{path} is no key file: {error}") from error
