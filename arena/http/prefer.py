"""`Prefer: wait=N` (RFC 7240): how long a client would rather wait than come again."""

from __future__ import annotations

import re
from typing import Final

MAX_WAIT: Final = 30
"""Seconds; who would wait longer waits so long."""

_WAIT = re.compile(r"""(?:^|,)\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?=[,;]|$)""", re.IGNORECASE)


def preferred_wait(header: str | None) -> int | None:
    """Seconds, at most `MAX_WAIT`; ``None`` if nothing is preferred, or nothing that can be understood."""
    found = _WAIT.search(header or "")
    if found is None:
        return None
    return min(int(found[1] or found[2]), MAX_WAIT)
