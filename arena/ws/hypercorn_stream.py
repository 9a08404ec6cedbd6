"""Getting hold of the TCP stream behind an ASGI connection of hypercorn: to watch it, and to end it by force.

hypercorn shields its sends from cancellation, and ASGI has no way to abort a connection. So a client that
does not read would hold its task, and a shutdown, for as long as it likes. The `send` that hypercorn gives
an application is a bound method of its stream, which knows the next inner object in the same way, down to
the TCP server's own stream.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import trio

_MAX_DEPTH = 8
_IDLE = 30
_PROBE_INTERVAL = 10
_PROBES = 3
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def tcp_stream(send: Callable[..., Any]) -> trio.SocketStream | None:
    """The stream that an ASGI `send` ends up in; None on another server than hypercorn, or with TLS."""
    step: object = send
    for _ in range(_MAX_DEPTH):
        while isinstance(step, partial):
            # the framework's own wrapper takes the server's `send` as its first argument
            step = step.args[0] if step.args and callable(step.args[0]) else step.func
        owner = getattr(step, "__self__", None)
        if owner is None:
            return None
        stream = getattr(owner, "stream", None)
        if isinstance(stream, trio.SocketStream):
            return stream
        step = getattr(owner, "send", None)
    return None


def watch_peer(peer: socket.socket | trio.socket.SocketType) -> None:
    """Have the kernel end the connection about a minute after its other side has gone without a word."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    # not every system has all of them
    for name, value in (
        ("TCP_KEEPIDLE", _IDLE),
        ("TCP_KEEPINTVL", _PROBE_INTERVAL),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", 1000 * (_IDLE + _PROBES * _PROBE_INTERVAL)),
    ):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    with suppress(OSError):  # closed already
        for level, option, value in options:
            peer.setsockopt(level, option, value)


async def abort(stream: trio.SocketStream) -> None:
    """Reset the connection. Whoever is sending on it gets `trio.ClosedResourceError`."""
    with suppress(OSError):  # closed already
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    await trio.aclose_forcefully(stream)
