"""Compiling the C parts of the benchmarks."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

BUILD: Final = Path(__file__).parents[2] / "build" / "benchmarks"
FLAGS: Final = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")


class NoCompiler(Exception):
    """There is nothing here that compiles C."""


def compiled(source: Path) -> Path:
    """The program of one C file, compiled if it or a header beside it is newer than what was compiled before.

    Raises:
        NoCompiler: see the message.
        subprocess.CalledProcessError: the compiler, which has said why.
    """
    program = BUILD / source.stem
    newest = max(file.stat().st_mtime_ns for file in (source, *source.parent.glob("*.h")))
    if program.exists() and program.stat().st_mtime_ns > newest:
        return program
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".unfinished")  # an interrupted compiler leaves no program behind
    subprocess.run([*_compiler(), *FLAGS, "-o", str(unfinished), str(source)], check=True)
    return unfinished.replace(program)


def _compiler() -> list[str]:
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang"):  # the clang that compiles the on-chain program
        return [sys.executable, "-m", "ziglang", "cc"]
    raise NoCompiler(
        "The load generator is a C program, and there is no cc, gcc or clang here. Install one, or the pinned one: "
        "pip install --no-deps --require-hashes -r arena/chain/program/requirements.txt"
    )
