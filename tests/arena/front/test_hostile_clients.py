"""Clients that do not read, do not go on, or do not go away. Whatever they do, others are served."""

from __future__ import annotations

import json
import resource
import socket
from collections.abc import AsyncIterator

import pytest
import trio

from arena.front import gateway as gateway_module
from arena.front import http
from arena.ws import held_connection
from arena.ws.connection import OUTBOX_FRAMES
from tests.arena.front.fuzzing.campaign import descriptors, resident
from tests.fixtures.echo_server import EchoServer, digest, echo_server
from tests.fixtures.raw_websocket import CLOSE, PING, TEXT, RawWebsocket, closing, frame, upgrade

SOON = 0.3
HELLO = b"GET /hello HTTP/1.1\r\nHost: arena\r\n\r\n"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits for moments only."""
    monkeypatch.setattr(held_connection, "WATCH_INTERVAL", 0.02)
    monkeypatch.setattr(held_connection, "STALL_TIMEOUT", SOON)
    monkeypatch.setattr(held_connection, "CLOSE_TIMEOUT", SOON)
    monkeypatch.setattr(http, "HEAD_TIMEOUT", SOON)
    monkeypatch.setattr(http, "STALL_TIMEOUT", SOON)
    monkeypatch.setattr(gateway_module, "LINGER", SOON)


@pytest.fixture
async def server(hasty: None) -> AsyncIterator[EchoServer]:
    async with echo_server(send_buffer=8192) as running:
        yield running
        assert running.traffic.faults == 0


async def all_of(stream: trio.abc.ReceiveStream) -> bytes:
    """What comes until the server closes."""
    received = b""
    with trio.fail_after(10):
        try:
            while piece := await stream.receive_some():
                received += piece
        except trio.BrokenResourceError:
            return received
    return received


def code_of(response: bytes) -> tuple[int, str]:
    """Status and problem of a whole response."""
    head, _, body = response.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), str(json.loads(body)["code"])


async def is_served(server: EchoServer) -> bool:
    """Whether somebody who does nothing wrong is, over HTTP and a websocket."""
    async with await server.connect() as page, await server.connect() as stream:
        await page.send_all(HELLO)
        with trio.fail_after(5):
            answered = (await page.receive_some()).endswith(b"hello")
        websocket = RawWebsocket(stream)
        await websocket.open()
        await stream.send_all(frame(TEXT, b"hello"))
        received = await websocket.receive(timeout=5)
        return answered and received is not None and received.payload == digest(b"hello")


# -- slow to ask


@pytest.mark.parametrize("begun", [b"GET /hel", HELLO[:-2], upgrade()[:-2]])
async def test_a_request_that_does_not_come_to_its_end_is_told_so(server: EchoServer, begun: bytes) -> None:
    async with await server.connect() as stream:
        await stream.send_all(begun)
        assert await is_served(server)
        assert code_of(await all_of(stream)) == (408, "request_timeout")


async def test_a_head_that_comes_byte_by_byte_has_no_more_time(server: EchoServer) -> None:
    async with await server.connect() as stream, trio.open_nursery() as nursery:

        async def drip() -> None:
            try:
                for byte in b"GET /hello HTTP/1.1\r\nX-Slow: " + b"x" * 10_000:
                    await stream.send_all(bytes([byte]))
                    await trio.sleep(SOON / 20)
            except trio.BrokenResourceError:
                return

        nursery.start_soon(drip)
        assert code_of(await all_of(stream)) == (408, "request_timeout")
        nursery.cancel_scope.cancel()


async def test_who_connects_and_says_nothing_is_left(server: EchoServer) -> None:
    async with await server.connect() as stream:
        assert await all_of(stream) == b""


# -- not reading


async def test_a_response_that_is_not_read_ends_its_connection(server: EchoServer) -> None:
    async with await server.connect(receive_buffer=4096) as stream:
        await stream.send_all(b"GET /large?bytes=3000000 HTTP/1.1\r\nHost: arena\r\n\r\n")
        await trio.sleep(SOON / 2)
        assert await is_served(server)
        await server.emptied()
        assert len(await all_of(stream)) < 3_000_000


async def test_a_websocket_that_is_not_read_costs_its_outbox_and_is_over(server: EchoServer) -> None:
    async with await server.connect(receive_buffer=4096) as stream:
        websocket = RawWebsocket(stream)
        await websocket.open()
        with trio.move_on_after(5):
            try:
                for _ in range(200):
                    await stream.send_all(frame(TEXT, b"x" * 20) * 100)
            except trio.BrokenResourceError:
                pass
        assert await is_served(server)
        await server.emptied()
        answers, last = 0, None
        while (received := await websocket.receive()) is not None:
            answers += 1
            last = received
        # what the kernel had taken, and at most an outbox
        assert 0 < answers < 20_000
        assert last is None or last.opcode != CLOSE or last.code == 4008
        assert answers < OUTBOX_FRAMES + 2_000


async def test_pings_whose_pongs_are_not_read_end_the_connection(server: EchoServer) -> None:
    async with await server.connect(receive_buffer=4096) as stream:
        await RawWebsocket(stream).open()
        with trio.move_on_after(5):
            try:
                while True:
                    await stream.send_all(frame(PING, b"p" * 125) * 50)
            except trio.BrokenResourceError:
                pass
        assert await is_served(server)
        await server.emptied()


# -- not going away


async def test_a_close_that_is_not_answered_ends_all_the_same(server: EchoServer) -> None:
    async with await server.connect() as stream:
        websocket = RawWebsocket(stream)
        await websocket.open()
        await stream.send_all(frame(3))  # a fault: the server closes
        received = await websocket.receive()
        assert received is not None
        assert received.code == 1002
        await server.emptied()  # though this side stays open


async def test_half_a_frame_is_waited_for_and_does_not_outlive_its_client(server: EchoServer) -> None:
    stream = await server.connect()
    await RawWebsocket(stream).open()
    await stream.send_all(frame(TEXT, b"x" * 1000)[:500])
    assert await is_served(server)
    await stream.aclose()
    await server.emptied()


async def test_a_client_that_has_closed_its_side_is_still_told_why(server: EchoServer) -> None:
    async with await server.connect() as stream:
        await stream.send_all(b"nonsense\r\n\r\n")
        await stream.send_eof()
        assert code_of(await all_of(stream)) == (400, "bad_request")


async def test_an_answer_still_comes_to_who_has_closed_his_side(server: EchoServer) -> None:
    async with await server.connect() as stream:
        await stream.send_all(HELLO)
        await stream.send_eof()
        assert (await all_of(stream)).endswith(b"hello")


# -- too many


async def test_an_address_has_so_many_connections_and_is_told_so(hasty: None) -> None:
    async with echo_server(arena_connections_per_address=2) as server:
        streams = [await server.connect() for _ in range(4)]
        for stream in streams:
            await RawWebsocket(stream).open()
        async with await server.connect() as fifth:
            await fifth.send_all(HELLO)
            assert code_of(await all_of(fifth)) == (429, "too_many_connections")
        assert server.traffic.sockets_refused == 1
        await streams[0].aclose()
        with trio.fail_after(5):
            while len(server.gateway) == 4:
                await trio.sleep(0.01)
        async with await server.connect() as again:
            await again.send_all(HELLO)
            with trio.fail_after(5):
                assert (await again.receive_some()).endswith(b"hello")
        for stream in streams:
            await trio.aclose_forcefully(stream)


async def test_a_full_server_says_so(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "MAX_SOCKETS", 1)
    async with echo_server() as server, await server.connect() as first:
        await RawWebsocket(first).open()
        async with await server.connect() as second:
            assert code_of(await all_of(second)) == (503, "too_many_connections")
        await first.send_all(frame(TEXT, b"a"))
        assert server.traffic.sockets == 1


async def test_a_flood_of_connections_leaves_nothing_behind(server: EchoServer) -> None:
    before = descriptors()
    for _ in range(10):
        streams = [await server.connect() for _ in range(100)]
        for stream in streams:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            await stream.aclose()
    assert await is_served(server)
    await server.emptied()
    assert descriptors() <= before


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.long)])
async def test_thousands_of_idle_websockets_cost_little_and_leave_nothing(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * count), hard))
    try:
        async with echo_server(arena_connections_per_address=0) as server:
            await idle(server, 50)  # what is made once
            before, memory = descriptors(), resident()
            held = await idle(server, count)
            assert descriptors() <= before
            assert held - memory < count * 60_000, "both ends of each are in this process"
            # the allocator keeps what it has, but the next ones need no more
            assert await idle(server, count) - held < 4 * 2**20
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def idle(server: EchoServer, count: int) -> int:
    """Open so many, look at the memory, serve somebody, and close them."""
    streams = []
    for _ in range(count):
        stream = await server.connect()
        await RawWebsocket(stream).open()
        streams.append(stream)
    held = resident()
    assert len(server.gateway) == count
    assert await is_served(server)
    for stream in streams:
        await trio.aclose_forcefully(stream)
    await server.emptied()
    return held


# -- at the end


async def test_a_shutdown_ends_in_time_whatever_clients_do(hasty: None) -> None:
    async with echo_server(send_buffer=8192) as server:
        idle_page, idle_socket = await server.connect(), await server.connect()
        await idle_page.send_all(HELLO)
        await RawWebsocket(idle_socket).open()
        begun = await server.connect()
        await begun.send_all(b"POST /length HTTP/1.1\r\nHost: arena\r\nContent-Length: 100\r\n\r\nx")
        half = await server.connect()
        await RawWebsocket(half).open()
        await half.send_all(frame(TEXT, b"x" * 100)[:50])
        deaf = await server.connect(receive_buffer=4096)
        await deaf.send_all(b"GET /large?bytes=3000000 HTTP/1.1\r\nHost: arena\r\n\r\n")
        deaf_socket = await server.connect(receive_buffer=4096)
        await RawWebsocket(deaf_socket).open()
        await deaf_socket.send_all(frame(TEXT, b"x") * 200)
        said_goodbye = await server.connect()
        await RawWebsocket(said_goodbye).open()
        await said_goodbye.send_all(closing(1000))
        await trio.sleep(0.1)
        began = trio.current_time()
        await server.gateway.close(SOON)
    # all are cut off now, with what they had to be told
    assert trio.current_time() - began < 5
    assert len(server.gateway) == 0
    for stream in (idle_page, idle_socket, begun, half, deaf, deaf_socket, said_goodbye):
        await trio.aclose_forcefully(stream)


async def test_at_the_end_a_websocket_is_told_to_come_back(hasty: None) -> None:
    frames = []
    async with trio.open_nursery() as nursery, echo_server() as server:
        stream = await server.connect()
        websocket = RawWebsocket(stream)
        await websocket.open()

        async def listen() -> None:
            while (received := await websocket.receive()) is not None:
                frames.append(received)
            await stream.aclose()

        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
    assert [(found.code, found.payload[2:]) for found in frames] == [(1001, b"resume")]
