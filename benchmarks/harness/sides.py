"""The sides of a comparison: which can run here, and all of them running.

FastAPI comes with `make bench`, and nothing else of ours needs it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import Final

from benchmarks.harness.process import Server, python, running

FASTAPI: Final = "FastAPI, uvicorn"
"""The side's name in every comparison."""
NEEDED: Final = ("fastapi", "uvicorn", "uvloop", "httptools")
INSTALLING: Final = "`make bench` installs them"


def missing() -> list[str]:
    """Packages of FastAPI's side that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def available(modules: Mapping[str, str], *others: str) -> dict[str, str]:
    """The modules of the sides that can run here, by name; prints which versions of what are compared.

    Args:
        others: packages that the other sides stand on.
    """
    if absent := missing():
        print(f"FastAPI is left out, {', '.join(absent)} are missing: {INSTALLING}")
        return {name: module for name, module in modules.items() if name != FASTAPI}
    print(", ".join(f"{name} {version(name)}" for name in (*NEEDED, *others)))
    return dict(modules)


@contextmanager
def all_running(
    modules: Mapping[str, str], *arguments: str, cores: frozenset[int]
) -> Iterator[dict[str, Server]]:
    """Each module, with these arguments behind its port, as a server on the same cores; by name."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(python(module, *arguments), cores=cores))
            for name, module in modules.items()
        }
