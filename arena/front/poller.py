"""Knowing what has come on which socket, with one registration in the life of each.

trio arms the kernel anew for every wait on a socket, two thirds of what a wait costs. Here sockets are registered once,
edge-triggered, with an epoll instance of our own, and trio waits for that alone. https://man7.org/linux/man-pages/man7/epoll.7.html
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Final, NoReturn, TypeAlias

from trio.lowlevel import notify_closing, wait_readable

EVENTS_AT_ONCE: Final = 256
"""Sockets that are rung for before others have their turn."""

Ring: TypeAlias = Callable[[bool], None]
"""Something has come; True: and nothing more will."""


class Poller:
    """Rings when something comes on a socket: at each arrival, not as long as there is something to read."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._rings: dict[int, Ring] = {}

    @staticmethod
    def is_available() -> bool:
        """On Linux. Elsewhere sockets are waited for one by one."""
        return hasattr(select, "epoll")

    def add(self, descriptor: int, ring: Ring) -> None:
        """Ring from now on, and once for what has come already."""
        self._rings[descriptor] = ring
        self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)

    def remove(self, descriptor: int) -> None:
        """Before it is closed."""
        del self._rings[descriptor]
        self._epoll.unregister(descriptor)

    async def run(self) -> NoReturn:
        """Ring until cancelled."""
        ended = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
        rings = self._rings
        try:
            while True:
                await wait_readable(self._epoll.fileno())
                for descriptor, events in self._epoll.poll(0, EVENTS_AT_ONCE):
                    # ringing wakes a task and does nothing else, so that none is removed meanwhile
                    rings[descriptor](bool(events & ended))
        finally:
            notify_closing(self._epoll.fileno())
            self._epoll.close()
