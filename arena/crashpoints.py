"""Places at which tests make the server die as if by ``kill -9``.

``ARENA_CRASH_AT=name`` kills the process the first time that it passes :func:`crash_point` with that name,
``ARENA_CRASH_AT=name:3`` the third time. Settings refuse the variable in production.
"""

from __future__ import annotations

import os
import re
import signal

VARIABLE = "ARENA_CRASH_AT"
_SPEC = re.compile(r"(?P<name>[a-z0-9_.-]+)(?::(?P<nth>[1-9][0-9]*))?\Z")

_armed: str | None = None
_remaining = 0


def arm(spec: str | None) -> None:
    """Set the crash point to die at, ``name`` or ``name:n``; ``None`` or an empty text disarms.

    Raises:
        ValueError: ``spec`` is neither.
    """
    global _armed, _remaining
    if not spec:
        _armed, _remaining = None, 0
        return
    match = _SPEC.match(spec)
    if match is None:
        raise ValueError(f"{VARIABLE}: expected name or name:n, got {spec!r}")
    _armed, _remaining = match["name"], int(match["nth"] or 1)


def crash_point(name: str) -> None:
    """Die here by SIGKILL if armed for ``name``; otherwise one comparison."""
    if _armed is not None:
        _pass(name)


def _pass(name: str) -> None:
    global _remaining
    if name != _armed:
        return
    _remaining -= 1
    if _remaining == 0:
        # SIGKILL: no handler, no finally block, no flush. That is the point.
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE))
