"""What is broadcast, by every side alike."""

from __future__ import annotations

import time
from typing import Final

MARK: Final = '"number":'
_FRAME: Final = '{"type":"bot",' + MARK + '%d,"text":"' + 200 * "x" + '"}'
"""About as long as what the lobby says of a bot."""


def begun() -> str:
    """The frame of a broadcast that begins now: its number is the time (`time.monotonic_ns`)."""
    return _FRAME % time.monotonic_ns()
