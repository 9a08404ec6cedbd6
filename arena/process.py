"""What the process asks of the system and of the interpreter before and after it is up."""

from __future__ import annotations

import resource
import sys
from typing import Final

WANTED_DESCRIPTORS: Final = 20_000
"""Connections of all kinds, and what else is open."""
_SWITCH_INTERVAL: Final = 0.001


def raise_descriptor_limit(wanted: int = WANTED_DESCRIPTORS) -> int:
    """Be allowed so many open files, or as many as this user can have. Returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def share_interpreter() -> None:
    """Let the database's thread have its turn after a millisecond, not after Python's five.

    It needs several turns for a commit, and every player waits for commits; it never keeps its turn for long.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL)
