"""What the process asks of the system."""

from __future__ import annotations

import subprocess
import sys

LIMIT = """
import resource
from arena.process import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(raise_descriptor_limit({wanted}), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def raised(soft: int, hard: int, wanted: int) -> list[int]:
    """In a process of its own: a limit that was lowered stays so."""
    code = LIMIT.format(soft=soft, hard=hard, wanted=wanted)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [int(number) for number in said.stdout.split()]


def test_the_limit_of_open_files_is_raised_as_far_as_is_wanted() -> None:
    assert raised(64, 256, wanted=128) == [128, 128, 256]


def test_or_as_far_as_is_allowed() -> None:
    assert raised(64, 256, wanted=1_000) == [256, 256, 256]


def test_a_higher_limit_is_left_alone() -> None:
    assert raised(200, 256, wanted=128) == [200, 200, 256]
