"""What a conversation needs of a websocket, whatever server it runs on.

A conversation reads with `receive`, writes with `send_nowait` or `send`, and may `close`. Frames go into a
bounded `Outbox` that the server's adapter empties; nobody waits for a slow client but that client's own
replay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Final, Protocol

import trio

from arena.edge.identity import Identity

SUBPROTOCOL: Final = "arena.v1"
BEARER_PREFIX: Final = "bearer."

MAX_FRAME_BYTES: Final = 64 * 1024
"""Longest frame of a client. A message's text has at most 10,000 characters of 4 bytes, or escapes of 6."""
MAX_MESSAGE_BYTES: Final = 2 * MAX_FRAME_BYTES
"""Longest message that is taken in: more than a frame may have, so that most of those that are too long are told so."""

OUTBOX_FRAMES: Final = 1024
"""Four for each step that a subscription holds: a burst that it took in is not too much for who reads."""
OUTBOX_BYTES: Final = 1024 * 1024


class CloseCode(IntEnum):
    """Why a connection was closed (RFC 6455 §7.4). From 4400 on: an HTTP status plus 4000."""

    NORMAL = 1000
    GOING_AWAY = 1001
    """The server stops. Connect again and resume."""
    PROTOCOL_ERROR = 1002
    """The client does not keep to the websocket protocol."""
    INVALID_DATA = 1007
    """Text that is not UTF-8."""
    POLICY_VIOLATION = 1008
    """The client did not stop when it was told that it sends too much."""
    TOO_BIG = 1009
    """A message was far longer than a frame may be."""
    INTERNAL_ERROR = 1011
    """A fault of the server. Connect again and resume."""
    TRY_AGAIN_LATER = 1013
    """Not now. The reason is the code of a problem."""
    IDLE = 4408
    """The client has not said anything for too long, not even `pong`. Connect again and resume."""
    TOO_SLOW = 4008
    """Frames were not read as fast as they came. Connect again and resume."""
    UNAUTHORIZED = 4401
    NOT_FOUND = 4404


RESUME: Final = "resume"
"""The reason that goes with a code after which a client should connect again and resume."""


class ConnectionClosed(Exception):
    """The connection is over; there is nothing left to do but to leave."""


class Connection(Protocol):
    """One client."""

    @property
    def identity(self) -> Identity | None:
        """Who it is; None for a client that did not sign in, where anybody may connect."""
        ...

    async def receive(self) -> bytes | str:
        """The next frame of the client. Raises `ConnectionClosed`."""
        ...

    def send_nowait(self, *frames: bytes) -> None:
        """Queue frames that go out together.

        Raises `ConnectionClosed`, also when the outbox is full: the client is then dropped.
        """
        ...

    async def send(self, frame: bytes) -> None:
        """Queue a frame once there is room. A checkpoint. Raises `ConnectionClosed`."""
        ...

    def is_flushed(self) -> bool:
        """Whether nothing is queued."""
        ...

    async def flushed(self) -> None:
        """Wait until nothing is queued any more. A checkpoint. Raises `ConnectionClosed`.

        Who sends only the newest of something decides after this what that is.
        """
        ...

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Send what is queued, then close. The first close counts; nothing can be queued afterwards."""
        ...


Conversation = Callable[[Connection], Awaitable[None]]
"""Returns when it is over.

A `Problem` that it raises is told to the client before the connection is closed.
"""


class Outbox:
    """Frames on their way out, limited in number and in bytes.

    One task takes (`take`); any may put. What is more than the limits fits into an empty outbox.
    """

    def __init__(self, max_frames: int = OUTBOX_FRAMES, max_bytes: int = OUTBOX_BYTES) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._closed = False
        self._changed = trio.Event()  # something was put, or the outbox was closed
        self._room = trio.Event()

    @property
    def closed(self) -> bool:
        return self._closed

    def __len__(self) -> int:
        return len(self._frames)

    def offer(self, *frames: bytes) -> bool:
        """Put the frames, unless there is no room for all. Raises `ConnectionClosed` when the outbox is closed."""
        if self._closed:
            raise ConnectionClosed
        size = sum(map(len, frames))
        if not self._has_room(len(frames), size):
            return False
        self._frames.extend(frames)
        self._bytes += size
        self._changed.set()
        return True

    async def put(self, frame: bytes) -> None:
        """Put the frame, waiting for room. A checkpoint. Raises `ConnectionClosed`."""
        await trio.lowlevel.checkpoint()
        while not self.offer(frame):
            await self._taken()

    async def flushed(self) -> None:
        """Wait until all has been taken. A checkpoint. Raises `ConnectionClosed` when the outbox is closed."""
        await trio.lowlevel.checkpoint()
        while self._frames and not self._closed:
            await self._taken()
        if self._closed:
            raise ConnectionClosed

    async def take(self) -> bytes | None:
        """The next frame; waits for one. None once the outbox is closed and empty."""
        while not self._frames:
            if self._closed:
                return None
            self._changed = trio.Event()
            await self._changed.wait()
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        self._room.set()
        return frame

    def close(self) -> None:
        """Nothing can be put any more; what is there can still be taken."""
        self._closed = True
        self._changed.set()
        self._room.set()

    async def _taken(self) -> None:
        """Wait until a frame is taken, or the outbox is closed."""
        if self._room.is_set():
            self._room = trio.Event()
        await self._room.wait()

    def _has_room(self, count: int, size: int) -> bool:
        if not self._frames:
            return True
        return len(self._frames) + count <= self._max_frames and self._bytes + size <= self._max_bytes
