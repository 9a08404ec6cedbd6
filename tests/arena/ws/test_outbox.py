"""The outbox: bounded, in order, and never a trap."""

import pytest
import trio
import trio.testing

from arena.ws.connection import ConnectionClosed, Outbox


async def test_frames_come_out_in_order() -> None:
    outbox = Outbox()
    for number in range(5):
        assert outbox.offer(b"%d" % number)
    assert [await outbox.take() for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


async def test_it_takes_so_many_frames_and_no_more() -> None:
    outbox = Outbox(max_frames=2)
    assert outbox.offer(b"a")
    assert outbox.offer(b"b")
    assert not outbox.offer(b"c")
    await outbox.take()
    assert outbox.offer(b"c")
    assert len(outbox) == 2


async def test_it_takes_so_many_bytes_and_no_more() -> None:
    outbox = Outbox(max_bytes=10)
    assert outbox.offer(b"123456")
    assert not outbox.offer(b"12345")
    assert outbox.offer(b"1234")


async def test_one_frame_always_fits() -> None:
    outbox = Outbox(max_bytes=10)
    assert outbox.offer(bytes(100))
    assert not outbox.offer(b"1")


async def test_put_waits_for_room(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox(max_frames=1)
    await outbox.put(b"a")
    taken: list[bytes | None] = []

    async def slow_reader() -> None:
        for _ in range(3):
            await trio.sleep(10)
            taken.append(await outbox.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow_reader)
        await outbox.put(b"b")
        assert trio.current_time() >= 10
        await outbox.put(b"c")
        assert trio.current_time() >= 20
    assert taken == [b"a", b"b", b"c"]


async def test_many_can_wait_for_room(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox(max_frames=1)
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(outbox.put, b"x")
        for _ in range(5):
            await trio.sleep(1)
            assert await outbox.take() == b"x"
    assert len(outbox) == 0


async def test_flushed_waits_until_all_is_taken(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox()
    await outbox.flushed()
    outbox.offer(b"a")
    outbox.offer(b"b")

    async def slow_reader() -> None:
        for _ in range(2):
            await trio.sleep(10)
            await outbox.take()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow_reader)
        await outbox.flushed()
        assert trio.current_time() >= 20


async def test_a_closed_outbox_is_never_flushed(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox()
    outbox.offer(b"a")

    async def close() -> None:
        await trio.sleep(1)
        outbox.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        with pytest.raises(ConnectionClosed):
            await outbox.flushed()
    with pytest.raises(ConnectionClosed):
        await outbox.flushed()


async def test_take_waits_for_a_frame(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox()
    async with trio.open_nursery() as nursery:

        async def later() -> None:
            await trio.sleep(5)
            outbox.offer(b"a")

        nursery.start_soon(later)
        assert await outbox.take() == b"a"


async def test_after_closing_what_is_there_still_comes_out() -> None:
    outbox = Outbox()
    outbox.offer(b"a")
    outbox.close()
    assert outbox.closed
    assert await outbox.take() == b"a"
    assert await outbox.take() is None
    with pytest.raises(ConnectionClosed):
        outbox.offer(b"b")
    with pytest.raises(ConnectionClosed):
        await outbox.put(b"b")


async def test_closing_wakes_everybody(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox(max_frames=1)
    outbox.offer(b"a")
    woken = []

    async def putter() -> None:
        with pytest.raises(ConnectionClosed):
            await outbox.put(b"b")
        woken.append("put")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(putter)
        await trio.testing.wait_all_tasks_blocked()
        outbox.close()
    empty = Outbox()

    async def taker() -> None:
        assert await empty.take() is None
        woken.append("take")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(taker)
        await trio.testing.wait_all_tasks_blocked()
        empty.close()
    assert woken == ["put", "take"]


async def test_frames_that_belong_together_are_all_put_or_none() -> None:
    outbox = Outbox(max_frames=3, max_bytes=10)
    assert outbox.offer(b"1", b"2")
    assert not outbox.offer(b"3", b"4")
    assert not outbox.offer(b"x" * 9)
    assert outbox.offer(b"5")
    assert [await outbox.take() for _ in range(3)] == [b"1", b"2", b"5"]


async def test_what_belongs_together_fits_into_an_empty_outbox_whatever_it_is() -> None:
    outbox = Outbox(max_frames=1)
    assert outbox.offer(b"1", b"2")
    assert not outbox.offer(b"3")
    assert [await outbox.take(), await outbox.take()] == [b"1", b"2"]
