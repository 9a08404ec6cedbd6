"""Places at which tests make the server die as if by ``kill -9``, or stand still while they kill something else.

``ARENA_CRASH_AT=name`` kills the process the first time that it passes :func:`crash_point` with that name,
``ARENA_CRASH_AT=name:3`` the third time. ``name!stop`` stops it instead, by a signal that cannot be caught either,
until it is told to go on. Settings refuse the variable in production.
"""

from __future__ import annotations

import os
import re
import signal

VARIABLE = "ARENA_CRASH_AT"
_SPEC = re.compile(r"(?P<name>[a-z0-9_.-]+)(?::(?P<nth>[1-9][0-9]*))?(?P<stop>!stop)?\Z")

_armed: str | None = None
_remaining = 0
_signal = signal.SIGKILL


def arm(spec: str | None) -> None:
    """Set the crash point to die at; ``None`` or an empty text disarms.

    Raises:
        ValueError: ``spec`` is not of the form above.
    """
    global _armed, _remaining, _signal
    if not spec:
        _armed, _remaining = None, 0
        return
    match = _SPEC.match(spec)
    if match is None:
        raise ValueError(f"{VARIABLE}: expected name, name:n or name!stop, got {spec!r}")
    _armed, _remaining = match["name"], int(match["nth"] or 1)
    _signal = signal.SIGSTOP if match["stop"] else signal.SIGKILL


def crash_point(name: str) -> None:
    """Die here if armed for ``name``; otherwise one comparison."""
    if _armed is not None:
        _pass(name)


def _pass(name: str) -> None:
    global _remaining
    if name != _armed:
        return
    _remaining -= 1
    if _remaining == 0:
        # no handler, no finally block, no flush: that is the point
        os.kill(os.getpid(), _signal)


arm(os.environ.get(VARIABLE))
