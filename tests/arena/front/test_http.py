"""HTTP/1.1 on a socket, in front of small applications of ASGI."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import wrap_app

from arena.front import http
from arena.front.handshake import Upgrade
from arena.front.http import HttpConnection
from arena.front.refusals import refusal
from arena.front.transport import Transport, TransportClosed
from arena.http.hypercorn_config import hypercorn_config
from arena.settings import load_settings

GET = b"GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with its request: method, path and body."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        if not message["more_body"]:
            break
    await reply(send, b" ".join([scope["method"].encode(), scope["path"].encode(), body]))


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answers without a look at what is sent with the request."""
    await reply(send, b"hello")


async def reply(send: Any, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Served:
    """A client's end of a connection, and what became of the other end."""

    def __init__(self, stream: trio.SocketStream, connection: HttpConnection, context: WorkerContext) -> None:
        self.stream = stream
        self.connection = connection
        self.context = context
        self.ended = trio.Event()
        self.result: Upgrade | Exception | None = None
        self._received = b""

    async def run(self, transport: Transport) -> None:
        try:
            self.result = await self.connection.run()
        except Exception as error:  # noqa: BLE001 -- looked at by the test
            self.result = error
        with suppress(TransportClosed):
            await transport.drained()
        transport.close()
        self.ended.set()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        await self.stream.send_all(request)
        return await self.answer()

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next response, by its Content-Length."""
        head = await self._until(lambda data: data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else None)
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        size = int(fields.get(b"content-length", b"0"))
        body = await self._until(lambda data: size if len(data) >= size else None)
        return int(head.split(b" ")[1]), body

    async def rest(self) -> bytes:
        """All until the server ends the connection."""
        with trio.fail_after(5):
            while piece := await self.stream.receive_some():
                self._received += piece
        return self._received

    async def _until(self, length: Callable[[bytes], int | None]) -> bytes:
        with trio.fail_after(5):
            while (size := length(self._received)) is None:
                piece = await self.stream.receive_some()
                assert piece, "the connection was closed"
                self._received += piece
        found, self._received = self._received[:size], self._received[size:]
        return found


@asynccontextmanager
async def served(app: Any, folder: Path, **config: Any) -> AsyncIterator[Served]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    settings = load_settings(None, arena_data_dir=folder)
    configured = hypercorn_config(settings)
    for name, value in config.items():
        setattr(configured, name, value)
    context = WorkerContext(None)
    async with trio.open_nursery() as nursery:
        transport = Transport(ours, nursery, None, ("192.0.2.1", 7))
        connection = HttpConnection(
            wrap_app(app, 0, "asgi"), configured, context, transport, partial(refusal, settings=settings)
        )
        running = Served(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)), connection, context)
        nursery.start_soon(running.run, transport)
        async with running.stream:
            yield running
        nursery.cancel_scope.cancel()


async def test_requests_of_one_connection_are_answered_in_their_order(tmp_path: Path) -> None:
    async with served(echo, tmp_path) as client:
        assert await client.ask(GET) == (200, b"GET /a b ")
        post = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
        await client.stream.send_all(GET + post + GET)  # without waiting
        answers = [await client.answer() for _ in range(3)]
    assert answers == [(200, b"GET /a b "), (200, b"POST /p body"), (200, b"GET /a b ")]


async def test_a_body_may_come_in_chunks_and_pieces(tmp_path: Path) -> None:
    async with served(echo, tmp_path) as client:
        request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        for at in range(len(request) - 1):
            await client.stream.send_all(request[at : at + 1])
            await trio.lowlevel.checkpoint()
        assert await client.ask(request[-1:]) == (200, b"POST / abcde")


async def test_who_waits_for_it_is_told_to_go_on(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    async with served(echo, tmp_path) as client:
        assert (await client.ask(head))[0] == 100
        assert await client.ask(b"ok") == (200, b"POST / ok")


async def test_what_is_not_read_of_a_request_does_not_disturb_the_next(tmp_path: Path) -> None:
    async with served(hello, tmp_path) as client:
        for _ in range(3):
            post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
            assert await client.ask(post) == (200, b"hello")
            assert await client.ask(GET) == (200, b"hello")
        # of a body that is still on its way nobody knows where it ends
        assert await client.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n") == (200, b"hello")
        assert await client.rest() == b""


async def test_an_answer_to_head_has_no_body(tmp_path: Path) -> None:
    async with served(hello, tmp_path) as client:
        await client.stream.send_all(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        await client.stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = await client.rest()
    first, second, body = received.split(b"\r\n\r\n")
    assert b"content-length: 5" in first
    assert second.startswith(b"HTTP/1.1 200")
    assert body == b"hello"


async def test_head_and_first_bytes_leave_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    write = Transport.write

    def noting(self: Transport, data: bytes) -> None:
        written.append(data)
        write(self, data)

    monkeypatch.setattr(Transport, "write", noting)
    async with served(hello, tmp_path) as client:
        assert await client.ask(GET) == (200, b"hello")
    [response] = written
    assert response.startswith(b"HTTP/1.1 200")
    assert response.endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),  # without Host
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "version_unsupported"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000, 431, "headers_too_large"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "bad_request"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400, "bad_request"),
    ],
)
async def test_what_is_no_request_is_told_so_once(
    request_: bytes, status: int, code: str, tmp_path: Path
) -> None:
    async with served(echo, tmp_path) as client:
        await client.ask(GET)
        await client.stream.send_all(request_)
        received = await client.rest()
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"application/problem+json" in received
    assert json.loads(received.partition(b"\r\n\r\n")[2])["code"] == code


async def test_a_fault_of_the_application_is_answered_and_passed_on(tmp_path: Path) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError("inside")

    async with served(broken, tmp_path) as client:
        await client.stream.send_all(GET)
        received = await client.rest()
        await client.ended.wait()
    assert received.startswith(b"HTTP/1.1 500 ")
    assert b"inside" not in received
    assert isinstance(client.result, ZeroDivisionError)


async def test_a_response_that_is_left_open_ends_its_connection(tmp_path: Path) -> None:
    async def forgetful(scope: Any, receive: Any, send: Any) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}
        await send(start)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async with served(forgetful, tmp_path) as client:
        await client.stream.send_all(GET)
        received = await client.rest()
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.endswith(b"\r\n\r\nhalf")


async def test_the_application_is_told_when_its_client_leaves(tmp_path: Path) -> None:
    told = trio.Event()

    async def patient(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"
        assert (await receive())["type"] == "http.disconnect"
        await reply(send, b"too late")
        told.set()

    async with served(patient, tmp_path) as client:
        await client.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked()
        await client.stream.aclose()
        with trio.fail_after(5):
            await told.wait()
            await client.ended.wait()
    assert client.result is None


@pytest.mark.parametrize("more", [b"", GET])
async def test_there_is_nothing_to_receive_after_the_answer(more: bytes, tmp_path: Path) -> None:
    received: list[str] = []

    async def curious(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen, receive, nursery)
            await trio.testing.wait_all_tasks_blocked()
            await reply(send, b"hello")
            received.append((await receive())["type"])
            if not more:
                nursery.cancel_scope.cancel()  # it waits for the client

    async def listen(receive: Any, nursery: trio.Nursery) -> None:
        received.append((await receive())["type"])

    async with served(curious, tmp_path) as client:
        assert await client.ask(GET + more) == (200, b"hello")
        if more:
            assert await client.answer() == (200, b"hello")
        assert await client.ask(GET) == (200, b"hello")
    assert set(received) == {"http.disconnect"}


async def test_a_client_that_does_not_read_holds_up_its_application_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while sent < 10_000:
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
            sent += 1

    async with served(endless, tmp_path) as client:
        await client.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked(0.1)
        assert 0 < sent < 100
        client.connection.look_after(trio.current_time() + http.STALL_TIMEOUT + 1)
        with trio.fail_after(5):
            await client.ended.wait()


async def test_an_idle_connection_is_left_and_a_slow_request_is_told(tmp_path: Path) -> None:
    for begun, served_before in ((b"", False), (b"GET / HT", False), (b"", True), (GET[:-1], True)):
        async with served(hello, tmp_path) as client:
            if served_before:
                await client.ask(GET)
            await client.stream.send_all(begun)
            await trio.testing.wait_all_tasks_blocked(0.05)
            limit = 30 if served_before else http.HEAD_TIMEOUT
            client.connection.look_after(trio.current_time() + limit - 1)
            assert not client.ended.is_set()
            client.connection.look_after(trio.current_time() + limit + 1)
            received = await client.rest()
        assert received[:12] == (b"HTTP/1.1 408" if begun else b"")


async def test_when_the_server_stops_an_answer_is_still_given(tmp_path: Path) -> None:
    go = trio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        await reply(send, b"done")

    async with served(slow, tmp_path) as client:
        await client.stream.send_all(GET)
        await trio.testing.wait_all_tasks_blocked(0.05)
        await client.context.terminated.set()
        client.connection.finish()
        client.connection.look_after(trio.current_time() + 1000)
        go.set()
        assert await client.answer() == (200, b"done")
        assert await client.rest() == b""


async def test_a_connection_ends_after_so_many_requests_and_says_so(tmp_path: Path) -> None:
    async with served(hello, tmp_path, keep_alive_max_requests=2) as client:
        assert await client.ask(GET) == (200, b"hello")
        await client.stream.send_all(GET)
        received = await client.rest()
    assert b"connection: close" in received


async def test_an_upgrade_is_handed_on_with_what_came_early(tmp_path: Path) -> None:
    async with served(hello, tmp_path) as client:
        await client.ask(GET)
        await client.stream.send_all(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\nearly"
        )
        with trio.fail_after(5):
            await client.ended.wait()
    assert isinstance(client.result, Upgrade)
    assert (client.result.path, client.result.early) == ("/ws", b"early")
