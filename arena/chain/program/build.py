"""Builds the on-chain program: `python -m arena.chain.program.build [--check]`.

Writes, next to itself, the C header and the IDL that follow from the interface, the program as a shared
object, and the sha256 of what is shipped. With `--check` nothing is written: everything is built anew, and
the exit code is 1 if a single byte differs from what is there. The compiler is the clang of the `ziglang`
wheel that `requirements.txt` pins.
"""

import argparse
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from arena.chain.artifacts import PROGRAM_NAME
from arena.chain.program import interface
from arena.chain.program.elf import LinkError
from arena.chain.program.link import link

FOLDER = Path(__file__).parent
ELF = f"{PROGRAM_NAME}.so"
IDL = "idl.json"
HEADER = "interface.h"
CHECKSUMS = "sha256sums"

COMPILER = (sys.executable, "-m", "ziglang", "cc")
FLAGS = (
    *("-target", "bpfel-freestanding"),
    "-mcpu=v2",  # later ones have 32-bit arithmetic, which SBPFv0 does differently
    *("-std=c11", "-O2", "-ffreestanding", "-fno-builtin", "-nostdinc"),
    *("-fno-strict-aliasing", "-fwrapv"),  # structures are read in place; overflow is defined
    *("-fno-jump-tables", "-fno-asynchronous-unwind-tables", "-fno-ident", "-g0"),
    *("-Wall", "-Wextra", "-Werror"),
    *("-mllvm", "-bpf-stack-size=4096"),  # a frame of SBPFv0; clang assumes the 512 bytes of Linux
)


class BuildError(Exception):
    """The program could not be built; the message is the compiler's or the linker's."""


def build(sources: Path = FOLDER) -> dict[str, bytes]:
    """Build everything in memory: content by file name. Raises BuildError."""
    header = interface.header().encode()
    idl = (json.dumps(interface.idl(), indent=2) + "\n").encode()
    with TemporaryDirectory(prefix="arena-program-") as folder:
        work = Path(folder)
        for source in (*sources.glob("*.c"), sources / "sol.h", sources / "bot.h"):
            (work / source.name).write_bytes(source.read_bytes())
        (work / HEADER).write_bytes(header)
        elf = _compile(work)
    artifacts = {ELF: elf, IDL: idl}
    checksums = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in artifacts.items())
    return {HEADER: header, **artifacts, CHECKSUMS: checksums.encode()}


def _compile(work: Path) -> bytes:
    # Run inside the folder and with relative names, so that no path of this machine can get into the object.
    command = (*COMPILER, *FLAGS, "-c", f"{PROGRAM_NAME}.c", "-o", f"{PROGRAM_NAME}.o")
    result = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(result.stderr.strip())
    try:
        return link((work / f"{PROGRAM_NAME}.o").read_bytes())
    except LinkError as error:
        raise BuildError(str(error)) from error


def differences(built: dict[str, bytes], folder: Path = FOLDER) -> list[str]:
    """The names of the files that are not there or not the same as what was built."""
    return [
        name
        for name, content in built.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != content
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m arena.chain.program.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    check: bool = parser.parse_args(arguments).check
    try:
        built = build()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    changed = differences(built)
    if check:
        for name in changed:
            sys.stderr.write(f"{name} is not what the source gives: run `make program`\n")
        return 1 if changed else 0
    for name in changed:
        (FOLDER / name).write_bytes(built[name])
    sys.stdout.write(f"{ELF}: {len(built[ELF])} bytes, {'written' if changed else 'unchanged'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
