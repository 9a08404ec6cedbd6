"""Bytes of one connection: whatever the peer does, in order, and with a length that can be looked at."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from arena.front.poller import Poller
from arena.front.transport import RECEIVE_BYTES, Transport, TransportClosed
from tests.arena.front.conformance.cases import CASES, Pace, expected, play
from tests.fixtures.echo_server import echo_server


@pytest.fixture(params=["poller", "trio"])
def with_poller(request: pytest.FixtureRequest) -> bool:
    """With an epoll of our own, and as it is where there is none."""
    return bool(request.param == "poller")


@asynccontextmanager
async def connected(with_poller: bool) -> AsyncIterator[tuple[Transport, trio.SocketStream]]:
    """A transport, and the stream at its other end."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    poller = Poller() if with_poller else None
    async with trio.open_nursery() as nursery:
        if poller is not None:
            nursery.start_soon(poller.run)
        transport = Transport(ours, nursery, poller, ("192.0.2.1", 7))
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(theirs))
        yield transport, stream
        transport.close()
        await stream.aclose()
        nursery.cancel_scope.cancel()


async def test_what_comes_is_received_and_then_the_end(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, stream):
        await stream.send_all(b"one")
        assert await transport.receive() == b"one"
        await stream.send_all(b"two")
        await stream.send_eof()
        assert await transport.receive() == b"two"
        for _ in range(2):
            with trio.fail_after(5):
                assert await transport.receive() == b""


async def test_what_came_while_nobody_received_is_not_forgotten(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, stream):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, b"x" * (RECEIVE_BYTES + 100))
            await trio.sleep(0.02)
            received = b""
            with trio.fail_after(5):
                while len(received) < RECEIVE_BYTES + 100:
                    received += await transport.receive()
        await stream.send_all(b"more")
        with trio.fail_after(5):
            assert await transport.receive() == b"more"


async def test_what_is_unread_comes_first(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, stream):
        await stream.send_all(b"later")
        transport.unread(b"second")
        transport.unread(b"first, ")
        assert await transport.receive() == b"first, second"
        assert await transport.receive() == b"later"


async def test_what_is_not_taken_waits_and_is_sent_in_order(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, stream):
        pieces = [bytes([number]) * 3_000 for number in range(100)]
        for piece in pieces:
            transport.write(piece)
        waiting, size = transport.pending
        assert 0 < waiting <= 100
        assert 0 < size < 300_000
        assert transport.pending_since is not None
        received = b""
        with trio.fail_after(5):
            while len(received) < 300_000:
                received += await stream.receive_some()
            await transport.drained()
        assert received == b"".join(pieces)
        assert (transport.pending, transport.pending_since) == ((0, 0), None)


async def test_the_clock_of_a_slow_client_starts_again_with_each_byte_it_takes(
    with_poller: bool, autojump_clock: trio.testing.MockClock
) -> None:
    async with connected(with_poller) as (transport, stream):
        for _ in range(20):
            transport.write(b"x" * 3_000)
        began = transport.pending_since
        assert began is not None
        await trio.sleep(5)
        assert transport.pending_since == began
        with trio.fail_after(60):  # of a clock that jumps
            async with trio.open_nursery() as nursery:
                nursery.start_soon(transport.moved)
                await wait_all_tasks_blocked()
                await stream.receive_some(20_000)
        assert transport.pending_since is None or transport.pending_since >= began + 5


async def test_closing_wakes_whoever_waits(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, _):
        for _ in range(20):
            transport.write(b"x" * 3_000)
        ended: list[str] = []

        async def wait(what: str) -> None:
            with pytest.raises(TransportClosed):
                await {"receive": transport.receive, "drained": transport.drained}[what]()
            ended.append(what)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "receive")
            nursery.start_soon(wait, "drained")
            await wait_all_tasks_blocked()
            transport.close()
        assert sorted(ended) == ["drained", "receive"]
        transport.write(b"nobody is there")
        assert transport.pending == (0, 0)
        transport.close()


async def test_a_wait_can_be_given_up_and_taken_up_again(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, stream):
        for _ in range(3):
            with trio.move_on_after(0.01) as given_up:
                await transport.receive()
            assert given_up.cancelled_caught
        await stream.send_all(b"now")
        assert await transport.receive() == b"now"


async def test_a_connection_that_breaks_is_found_out_by_receiving(with_poller: bool) -> None:
    async with connected(with_poller) as (transport, stream):
        await trio.aclose_forcefully(stream)
        transport.write(b"x" * 100)
        transport.write(b"x" * 100)
        with trio.fail_after(5):
            try:
                assert await transport.receive() == b""
            except TransportClosed:
                assert transport.closed


async def test_a_server_without_a_poller_conforms_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Poller, "is_available", staticmethod(lambda: False))
    async with echo_server() as server:
        for case in CASES[::7]:
            assert await play(server, case, Pace.BY_FRAMES) == expected(case), case.name
