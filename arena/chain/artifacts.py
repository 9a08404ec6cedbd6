"""The program as it was built and committed: ELF, IDL, and the address it has on the local chain."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from anchorpy_core.idl import Idl
from solders.pubkey import Pubkey

if TYPE_CHECKING:
    from anchorpy.coder.coder import Coder

PROGRAM_NAME = "arena_bot"

# The public key of the keypair whose seed is sha256("arena_bot local program"). Anybody can derive that
# keypair, so it only names the program on a local chain; on a real cluster the program has an address of its
# own.
DEFAULT_PROGRAM_ID = Pubkey.from_string("HUpWWsFpLxdctJZMto7kjuVDqhj331nsL7rm9ejcwzSy")

_FOLDER = files("arena.chain") / "program"


class ArtifactCorrupt(Exception):
    """A committed artifact is not the one whose sha256 was committed with it."""


@cache
def program_elf() -> bytes:
    """The program as an SBPF shared object, ready to be deployed. Raises ArtifactCorrupt."""
    return _read(f"{PROGRAM_NAME}.so")


def program_path() -> Path:
    """Where the shared object is, for a process that is to load it. Raises ArtifactCorrupt."""
    program_elf()
    return Path(str(_FOLDER / f"{PROGRAM_NAME}.so"))


@cache
def idl() -> Idl:
    """The program's IDL. Raises ArtifactCorrupt."""
    return Idl.from_json(_read("idl.json").decode())


@cache
def coder() -> Coder:
    """anchorpy's coder of the IDL: encodes instructions, decodes accounts and events."""
    # Here, since it imports clients and a pytest plugin: a tenth of what a start imports, for what is seldom asked.
    from anchorpy.coder.coder import Coder

    return Coder(idl())


def checksums() -> dict[str, str]:
    """The committed sha256 of each artifact, in hex, by file name."""
    lines = (_FOLDER / "sha256sums").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def _read(name: str) -> bytes:
    content = (_FOLDER / name).read_bytes()
    if sha256(content).hexdigest() != checksums().get(name):
        raise ArtifactCorrupt(f"{name} does not match its committed sha256")
    return content
