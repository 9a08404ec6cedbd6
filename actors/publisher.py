"""Fan-out to subscribers that never makes the publisher wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Never, TypeVar

import trio
from trio.lowlevel import Abort, RaiseCancelT, Task

from actors.errors import MailboxFull, SubscriberLagged
from actors.waking import WOKEN

T = TypeVar("T")


class Publisher(Generic[T]):
    """Gives every item to everybody who is subscribed at that moment.

    A subscriber has a buffer. One that has no room for an item is dropped from the publisher's list: it
    receives what is buffered and then `SubscriberLagged`, and has to subscribe again and find out what it
    missed.
    """

    def __init__(self, max_subscribers: int = 100_000) -> None:
        self._subscriptions: dict[Subscription[T], None] = {}
        self._max_subscribers = max_subscribers
        self._closed = False

    def __len__(self) -> int:
        """How many are subscribed."""
        return len(self._subscriptions)

    def subscribe(self, capacity: int = 256) -> Subscription[T]:
        """Receive what is published from now on, with a buffer of ``capacity`` items.

        Raises ``trio.ClosedResourceError`` after `close`, `MailboxFull` when there are too many subscribers.
        """
        if capacity < 1:
            raise ValueError("capacity must be positive")
        if self._closed:
            raise trio.ClosedResourceError("the publisher is closed")
        if len(self._subscriptions) >= self._max_subscribers:
            raise MailboxFull("publisher", self._max_subscribers, "subscribers")
        subscription = Subscription(self, capacity)
        self._subscriptions[subscription] = None
        return subscription

    def publish(self, item: T) -> None:
        """Give the item to every subscriber. Never waits. Raises ``trio.ClosedResourceError`` after
        `close`."""
        if self._closed:
            raise trio.ClosedResourceError("the publisher is closed")
        # a copy: what a forwarded item leads to may close other subscriptions
        for subscription in tuple(self._subscriptions):
            if not subscription._offer(item):
                self._subscriptions.pop(subscription, None)

    def close(self) -> None:
        """Publish nothing more: subscribers receive what is buffered and then the end. May be repeated."""
        self._closed = True
        subscriptions, self._subscriptions = self._subscriptions, {}
        for subscription in subscriptions:
            subscription._finish(trio.EndOfChannel)


class Subscription(Generic[T]):
    """What one subscriber receives: an async iterator, read by one task at a time. Made by
    `Publisher.subscribe`."""

    __slots__ = ("_buffer", "_capacity", "_end", "_forwarded", "_publisher", "_reader")

    def __init__(self, publisher: Publisher[T], capacity: int) -> None:
        self._publisher = publisher
        self._capacity = capacity
        self._buffer: deque[T] = deque()
        self._end: type[Exception] | Exception | None = None
        self._reader: Task | None = None
        self._forwarded: tuple[Callable[[T], None], Callable[[], bool]] | None = None

    def __len__(self) -> int:
        """How many items are buffered."""
        return len(self._buffer)

    def receive_nowait(self) -> T:
        """The next item. Raises ``trio.WouldBlock`` when there is none yet, and what `receive` raises."""
        if self._buffer:
            return self._buffer.popleft()
        if self._end is not None:
            raise self._end
        raise trio.WouldBlock

    async def receive(self) -> T:
        """Wait for the next item.

        Raises, after the buffered items: ``trio.EndOfChannel`` when the publisher closed, `SubscriberLagged`
        when this subscriber was too slow. Raises ``trio.ClosedResourceError`` when the subscription is
        closed, and ``trio.BusyResourceError`` when another task waits already.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._buffer or self._end is not None:
            # A subscriber that never has to wait still gives way to other tasks.
            await trio.lowlevel.cancel_shielded_checkpoint()
            return self.receive_nowait()
        if self._reader is not None:
            raise trio.BusyResourceError("another task is receiving")
        self._reader = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._stop_waiting)
        return self.receive_nowait()

    async def forward(self, receiver: Callable[[T], None], ready: Callable[[], bool]) -> Never:
        """Hand over every item, the moment it is published if the receiver is ready then.

        Whoever publishes calls the receiver, so such an item costs no task switch. The others are buffered and handed
        over by this task, ready or not. Neither of the two may block; what they raise ends the subscription and is
        raised here. Otherwise this raises what `receive` raises.
        """
        await trio.lowlevel.checkpoint()
        if self._reader is not None:
            raise trio.BusyResourceError("another task is receiving")
        while True:
            while self._buffer:
                receiver(self._buffer.popleft())
            if self._end is not None:
                raise self._end
            self._forwarded = (receiver, ready)
            self._reader = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._stop_waiting)

    def close(self) -> None:
        """Receive nothing more. May be repeated, from any task."""
        self._publisher._subscriptions.pop(self, None)
        self._buffer.clear()
        self._finish(trio.ClosedResourceError)

    def __aiter__(self) -> Subscription[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def __enter__(self) -> Subscription[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _offer(self, item: T) -> bool:
        """Buffer the item, or hand it over; whether the subscription goes on."""
        if self._end is not None:
            return False
        if self._forwarded is not None and not self._buffer:
            receiver, ready = self._forwarded
            try:
                if ready():
                    receiver(item)
                    return True
            except Exception as error:  # noqa: BLE001 (it is raised to whoever forwards)
                self._finish(error)
                return False
        if len(self._buffer) >= self._capacity:
            self._finish(SubscriberLagged)
            return False
        self._buffer.append(item)
        self._wake()
        return True

    def _finish(self, end: type[Exception] | Exception) -> None:
        self._end = end
        self._forwarded = None
        self._wake()

    def _wake(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            trio.lowlevel.reschedule(reader, WOKEN)

    def _stop_waiting(self, _raise_cancel: RaiseCancelT) -> Abort:
        self._reader = None
        self._forwarded = None
        return Abort.SUCCEEDED
