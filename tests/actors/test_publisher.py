"""Fan-out that never waits, and subscribers that fall behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Actor,
    ActorCrashed,
    ActorSpec,
    MailboxFull,
    Message,
    Publisher,
    SubscriberLagged,
    Subscription,
    SupervisorSpec,
    open_system,
)


async def test_every_subscriber_receives_what_is_published_from_then_on() -> None:
    publisher: Publisher[int] = Publisher()
    early = publisher.subscribe()
    publisher.publish(1)
    late = publisher.subscribe()
    publisher.publish(2)
    publisher.close()
    assert [item async for item in early] == [1, 2]
    assert [item async for item in late] == [2]


async def test_a_waiting_subscriber_is_woken(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[str] = Publisher()
    got: list[str] = []

    async def listen() -> None:
        with publisher.subscribe() as subscription:
            async for item in subscription:
                got.append(item)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
        publisher.publish("a")
        await trio.testing.wait_all_tasks_blocked()
        assert got == ["a"]
        publisher.publish("b")
        publisher.close()
    assert got == ["a", "b"]


async def test_a_slow_subscriber_is_dropped_and_told_after_what_it_had() -> None:
    publisher: Publisher[int] = Publisher()
    slow, fast = publisher.subscribe(2), publisher.subscribe(10)
    for item in range(5):
        publisher.publish(item)
    assert len(publisher) == 1
    assert [slow.receive_nowait(), await slow.receive()] == [0, 1]
    for _ in range(2):
        with pytest.raises(SubscriberLagged):
            await slow.receive()
    assert [fast.receive_nowait() for _ in range(5)] == list(range(5))
    with pytest.raises(trio.WouldBlock):
        fast.receive_nowait()


async def test_the_end_of_the_publisher(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe()
    publisher.publish(1)
    publisher.close()
    publisher.close()
    assert await subscription.receive() == 1
    with pytest.raises(trio.EndOfChannel):
        await subscription.receive()
    with pytest.raises(trio.EndOfChannel):
        subscription.receive_nowait()
    for use in (publisher.subscribe, lambda: publisher.publish(1)):
        with pytest.raises(trio.ClosedResourceError):
            use()


async def test_a_closed_subscription_receives_nothing_more(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe()
    publisher.publish(1)

    async def wait() -> None:
        await subscription.receive()
        with pytest.raises(trio.ClosedResourceError):
            await subscription.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await subscription.receive()
        subscription.close()
        subscription.close()
    assert len(publisher) == 0
    publisher.publish(2)
    with pytest.raises(trio.ClosedResourceError):
        subscription.receive_nowait()


async def test_cancelling_a_receive_loses_nothing(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe()
    with trio.move_on_after(1):
        await subscription.receive()
    publisher.publish(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await subscription.receive()
    assert len(subscription) == 1
    assert await subscription.receive() == 1


def always() -> bool:
    return True


async def test_what_is_forwarded_comes_in_order_and_at_once(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe()
    got: list[int] = []

    async def forward() -> None:
        with pytest.raises(trio.EndOfChannel):
            await subscription.forward(got.append, always)

    publisher.publish(1)
    publisher.publish(2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(forward)
        await trio.testing.wait_all_tasks_blocked()
        assert got == [1, 2]
        publisher.publish(3)
        assert got == [1, 2, 3], "without a task switch"
        with pytest.raises(trio.BusyResourceError):
            await subscription.receive()
        with pytest.raises(trio.BusyResourceError):
            await subscription.forward(got.append, always)
        publisher.close()
    assert got == [1, 2, 3]


async def test_what_the_receiver_is_not_ready_for_is_buffered(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe(2)
    ready = True
    got: list[int] = []

    async def forward() -> None:
        with pytest.raises(SubscriberLagged):
            await subscription.forward(got.append, lambda: ready)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(forward)
        await trio.testing.wait_all_tasks_blocked()
        publisher.publish(1)
        ready = False
        publisher.publish(2)
        ready = True
        publisher.publish(3)
        assert got == [1], "nothing overtakes what is buffered"
        await trio.testing.wait_all_tasks_blocked()
        assert got == [1, 2, 3]
        publisher.publish(4)
        assert got == [1, 2, 3, 4]
        ready = False
        for item in (5, 6, 7):
            publisher.publish(item)
    assert got == [1, 2, 3, 4, 5, 6]


async def test_a_receiver_that_fails_harms_nobody_else(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    failing, well = publisher.subscribe(), publisher.subscribe()
    raised: list[Exception] = []

    def fail(item: int) -> None:
        raise ValueError(item)

    async def forward() -> None:
        with pytest.raises(ValueError, match="1") as failure:
            await failing.forward(fail, always)
        raised.append(failure.value)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(forward)
        await trio.testing.wait_all_tasks_blocked()
        publisher.publish(1)
        publisher.publish(2)
    assert len(raised) == 1
    assert [well.receive_nowait(), well.receive_nowait()] == [1, 2]
    assert len(publisher) == 1


async def test_a_receiver_may_close_the_subscriptions_of_others(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    first, second = publisher.subscribe(), publisher.subscribe()

    async def forward() -> None:
        await first.forward(lambda _: second.close(), always)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(forward)
        await trio.testing.wait_all_tasks_blocked()
        publisher.publish(1)
        assert len(publisher) == 1
        with pytest.raises(trio.ClosedResourceError):
            second.receive_nowait()
        nursery.cancel_scope.cancel()


async def test_a_cancelled_forwarding_hands_over_nothing_more(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe()
    got: list[int] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(subscription.forward, got.append, always)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        publisher.publish(1)
    assert got == []
    assert subscription.receive_nowait() == 1


async def test_a_closed_subscription_ends_its_forwarding(autojump_clock: trio.abc.Clock) -> None:
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe()

    async def forward() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await subscription.forward(lambda _: None, always)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(forward)
        await trio.testing.wait_all_tasks_blocked()
        subscription.close()


async def test_subscribers_are_limited() -> None:
    publisher: Publisher[int] = Publisher(max_subscribers=1)
    first = publisher.subscribe()
    with pytest.raises(MailboxFull):
        publisher.subscribe()
    first.close()
    publisher.subscribe()
    with pytest.raises(ValueError):
        publisher.subscribe(0)


@given(st.integers(1, 5), st.lists(st.booleans(), max_size=40))
def test_a_subscriber_sees_a_gapless_prefix(capacity: int, publishes: list[bool]) -> None:
    """True publishes, False receives."""
    publisher: Publisher[int] = Publisher()
    subscription = publisher.subscribe(capacity)
    sent, got, lagged = 0, [], False
    for publish in [*publishes, *[False] * (capacity + 1)]:
        if publish:
            publisher.publish(sent)
            sent += 1
            continue
        try:
            got.append(subscription.receive_nowait())
        except SubscriberLagged:
            lagged = True
        except trio.WouldBlock:
            pass
    assert got == list(range(len(got)))
    assert lagged == (len(got) < sent)


@dataclass(frozen=True, slots=True)
class Subscribe(Message[Subscription[str]]):
    """Subscribe, and publish one item at once."""


@dataclass(frozen=True, slots=True)
class Crash(Message[None]):
    """Fail."""


class Herald(Actor[Subscribe | Crash]):
    async def started(self) -> None:
        self.publisher: Publisher[str] = Publisher()
        self.context.on_end(self.publisher.close)

    async def receive(self, message: Subscribe | Crash) -> Any:
        match message:
            case Subscribe():
                subscription = self.publisher.subscribe()
                self.publisher.publish("news")
                return subscription
            case Crash():
                raise RuntimeError("the herald fell")


async def test_subscribers_of_an_actor_that_crashed_are_told_the_end(autojump_clock: trio.abc.Clock) -> None:
    async with open_system(SupervisorSpec("root", [ActorSpec("herald", Herald)])) as system:
        herald = system.ref("/herald")
        subscription = await herald.ask(Subscribe())
        with pytest.raises(ActorCrashed):
            await herald.ask(Crash())
        assert [item async for item in subscription] == ["news"]
        assert await (await herald.ask(Subscribe())).receive() == "news"
