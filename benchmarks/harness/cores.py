"""Which process runs where: the measured server alone on a core, whatever loads it on the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Numbers of cores, as the kernel counts them."""

    server: frozenset[int]
    others: frozenset[int]

    @property
    def are_apart(self) -> bool:
        """False on a machine with a single core, where everything disturbs everything."""
        return self.server.isdisjoint(self.others)


def split() -> Cores:
    """The first core that we may use for the server, the rest for everything else."""
    first, *rest = sorted(os.sched_getaffinity(0))
    return Cores(frozenset([first]), frozenset(rest or [first]))


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Processes that are started in the block run on these cores, with all their threads and children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
