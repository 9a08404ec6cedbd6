"""The bytes of one TCP connection: read by one task, written by any without waiting.

What the kernel does not take at once waits in a queue that a task empties, which only exists while there is something
to empty. Whoever writes looks at `pending` first: the limit is theirs.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from itertools import islice
from typing import Final, TypeAlias

import trio
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    Task,
    notify_closing,
    wait_readable,
    wait_task_rescheduled,
    wait_writable,
)

from actors import WOKEN
from arena.front.poller import Poller

RECEIVE_BYTES: Final = 16 * 1024
"""Read at once."""
MAX_GATHERED: Final = 64
"""Pieces handed to the kernel at once."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)

Address: TypeAlias = tuple[str, int]


class TransportClosed(Exception):
    """The connection is gone, or was closed by us."""


class Transport:
    """A connected, non-blocking socket.

    Args:
        nursery: where what is pending is sent; it outlives the transport.
        poller: says when something has come; None: trio does.
        peer: who is at the other end; None if that has no address.

    Attributes:
        pending_since: since when the client has not taken anything of what waits for it; None: nothing waits.
    """

    def __init__(
        self, sock: socket.socket, nursery: trio.Nursery, poller: Poller | None, peer: Address | None
    ) -> None:
        self.peer = peer
        self.is_secure = False
        self.pending_since: float | None = None
        self._socket = sock
        self._nursery = nursery
        self._poller = poller
        self._reader: Task | None = None
        self._readable = False  # there may be something to read
        self._ended = False  # all that the peer will ever send is there
        self._unread = b""
        self._pending: deque[bytes | memoryview] = deque()
        self._pending_bytes = 0
        self._moved = trio.Event()  # something of what was pending has been sent, or will never be
        self._closed = False
        if poller is not None:
            poller.add(sock.fileno(), self._ring)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def pending(self) -> tuple[int, int]:
        """Pieces and bytes that wait for the client to read."""
        return len(self._pending), self._pending_bytes

    @property
    def local_address(self) -> Address | None:
        """Ours."""
        try:
            return address_of(self._socket.getsockname())
        except OSError:
            return None

    async def receive(self) -> bytes:
        """What has come, at least a byte; nothing at the end of the stream. A checkpoint.

        Raises:
            TransportClosed: the connection is broken.
        """
        while True:
            await self.arrival()
            if (data := self.received()) is not None:
                return data

    def arrival(self) -> Awaitable[object]:
        """To be awaited at once, by one task: until there may be something in `received`. A checkpoint."""
        if self._readable or self._unread or self._closed:
            return trio.lowlevel.checkpoint()  # noqa: ASYNC105 (one coroutine less)
        if self._poller is None:
            return self._wait_readable()
        self._reader = trio.lowlevel.current_task()
        return wait_task_rescheduled(self._stop_waiting)  # noqa: ASYNC105 (one coroutine less)

    def received(self) -> bytes | None:
        """What has come, nothing at the end of the stream; None: nothing has.

        Raises:
            TransportClosed: the connection is broken.
        """
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        if self._closed:
            raise TransportClosed
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            self._readable = False
            return None
        except OSError:
            raise TransportClosed from None
        # a short read has emptied the socket: the next arrival rings again
        self._readable = self._ended or len(data) == RECEIVE_BYTES
        return data

    async def _wait_readable(self) -> None:
        with suppress(trio.ClosedResourceError):
            await wait_readable(self._socket)

    def _ring(self, ended: bool) -> None:
        self._readable = True
        self._ended |= ended
        self._wake()

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            trio.lowlevel.reschedule(reader, WOKEN)

    def _stop_waiting(self, _raise_cancel: RaiseCancelT) -> Abort:
        self._reader = None
        return Abort.SUCCEEDED

    def unread(self, data: bytes) -> None:
        """Have the next `receive` return this first."""
        self._unread = data + self._unread

    def write(self, data: bytes) -> None:
        """Send, now or as soon as the client reads.

        A broken connection takes everything: that it is broken is found out by `receive`.
        """
        if self._closed:
            return
        rest: bytes | memoryview = data
        if not self._pending:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.abort()
                return
            if sent == len(data):
                return
            rest = memoryview(data)[sent:]
            self.pending_since = trio.current_time()
            self._nursery.start_soon(self._flush)
        self._pending.append(rest)
        self._pending_bytes += len(rest)

    async def moved(self) -> None:
        """Wait until the client has taken something. A checkpoint. Raises `TransportClosed`."""
        if self._closed:
            await trio.lowlevel.checkpoint()
            raise TransportClosed
        if not self._pending:
            await trio.lowlevel.checkpoint()
            return
        await self._moved.wait()
        if self._closed:
            raise TransportClosed

    async def drained(self) -> None:
        """Wait until nothing is pending. A checkpoint. Raises `TransportClosed`."""
        await self.moved()
        while self._pending:
            await self.moved()

    def end(self) -> None:
        """Say that nothing more will come. What is pending is lost."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    async def finish(self) -> None:
        """Send what is pending, say that it was all, and wait until the peer has seen it; the caller limits the time.

        Raises `TransportClosed`: the peer did not wait for it.
        """
        await self.drained()
        self.end()
        # closing a socket that has something to read would take back what was sent
        while await self.receive():
            pass

    def detach(self) -> tuple[socket.socket, bytes]:
        """The socket and what was unread, for another transport. This one is over."""
        self._closed = True
        if self._poller is not None:
            self._poller.remove(self._socket.fileno())
        return self._socket, self._unread

    def close(self) -> None:
        """Close; what the kernel has taken is still sent, what is pending is not."""
        if not self._closed:
            self._closed = True
            self._pending.clear()
            self._pending_bytes = 0
            self.pending_since = None
            if self._poller is not None:
                self._poller.remove(self._socket.fileno())
            notify_closing(self._socket)
            self._socket.close()
            self._wake()
            self._moved.set()

    def abort(self) -> None:
        """Close at once: what the kernel has taken is thrown away, too."""
        if not self._closed:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.close()

    async def _flush(self) -> None:
        while self._pending:
            try:
                await wait_writable(self._socket)
                sent = self._socket.sendmsg(islice(self._pending, MAX_GATHERED))
            except BlockingIOError:
                continue
            except (OSError, trio.ClosedResourceError):
                self.abort()
                return
            self._take(sent)

    def _take(self, sent: int) -> None:
        self._pending_bytes -= sent
        while sent:
            first = self._pending[0]
            if sent < len(first):
                self._pending[0] = memoryview(first)[sent:]
                break
            sent -= len(first)
            self._pending.popleft()
        self.pending_since = trio.current_time() if self._pending else None
        self._moved.set()
        self._moved = trio.Event()


def address_of(name: object) -> Address | None:
    """From what a socket says of an address; None unless it is one of the internet."""
    match name:
        case (str(host), int(port), *_):
            return host, port
    return None
