"""The transport of JSON-RPC against servers that speak HTTP well, oddly, and not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
import trio

from arena.chain.http import HttpPoster, PostFailed

LIMIT = 1000


@dataclass
class Server:
    """Answers each request with the next of `answers`, byte for byte, and closes after the last."""

    answers: list[bytes]
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        received = b""
        async with stream:
            while self.answers:
                while b"\r\n\r\n" not in received or not received.endswith(b"}"):
                    data = await stream.receive_some()
                    if not data:
                        return
                    received += data
                self.requests.append(received)
                received = b""
                with suppress(trio.BrokenResourceError):  # who has heard enough hangs up
                    await stream.send_all(self.answers.pop(0))


@asynccontextmanager
async def posting(*answers: bytes, path: str = "/") -> AsyncIterator[tuple[HttpPoster, Server]]:
    server = Server(list(answers))
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        poster = HttpPoster(server.url + path, max_response_bytes=LIMIT)
        with trio.fail_after(5):
            yield poster, server
        await poster.aclose()
        nursery.cancel_scope.cancel()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def test_a_connection_is_used_again() -> None:
    async with posting(OK, OK, OK) as (poster, server):
        for _ in range(3):
            assert (await poster.post(b"{}")).body == b"{}"
        assert server.connections == 1


async def test_the_request_is_what_a_server_expects() -> None:
    async with posting(OK, path="/v1?key=a%20b") as (poster, server):
        await poster.post(b'{"a":1}')
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        first, *headers = head.decode().split("\r\n")
        assert first == "POST /v1?key=a%20b HTTP/1.1"
        assert {"content-length: 7", "content-type: application/json"} <= set(headers)
        assert f"host: {server.url.removeprefix('http://')}" in headers
        assert body == b'{"a":1}'


async def test_a_login_in_the_url_becomes_a_header() -> None:
    async with posting(OK) as (_, server):
        poster = HttpPoster(server.url.replace("//", "//me:p%40ss@"), max_response_bytes=LIMIT)
        await poster.post(b"{}")
        assert b"authorization: Basic bWU6cEBzcw==\r\n" in server.requests[0]
        assert b"me:" not in server.requests[0]
        await poster.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200\r\ncontent-length:2\r\n\r\n{}",
    ],
    ids=["chunked", "after 100", "without a reason"],
)
async def test_ways_to_say_the_same_are_understood_and_the_connection_goes_on(answer: bytes) -> None:
    async with posting(answer, answer) as (poster, server):
        for _ in range(2):
            found = await poster.post(b"{}")
            assert (found.status, found.body) == (200, b"{}")
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["until the end", "close", "HTTP/1.0"],
)
async def test_after_these_there_is_another_connection(answer: bytes) -> None:
    async with posting(answer) as (poster, server):
        assert (await poster.post(b"{}")).body == b"{}"
        server.answers.append(OK)
        assert (await poster.post(b"{}")).body == b"{}"
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2e2 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * 201,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
async def test_whatever_is_wrong_is_one_exception_and_the_next_post_is_well(answer: bytes) -> None:
    async with posting(answer) as (poster, server):
        with pytest.raises(PostFailed):
            await poster.post(b"{}")
        server.answers.append(OK)
        assert (await poster.post(b"{}")).body == b"{}"


async def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    async with posting(OK) as (poster, server):
        await poster.post(b"{}")
        await trio.sleep(0.05)
        server.answers.append(OK)
        await poster.post(b"{}")
        assert server.connections == 2


async def test_what_a_server_says_unasked_is_no_answer() -> None:
    async with posting(OK + OK) as (poster, server):
        await poster.post(b"{}")
        server.answers.append(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
        assert (await poster.post(b"{}")).body == b"yes"


@pytest.mark.parametrize(
    "url", ["http://a/b c", "http://a/\r\nx: y", "http://a/\u00e9", "ftp://a/", "http:///x"]
)
def test_a_url_that_would_say_more_than_where_to_post_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        HttpPoster(url, max_response_bytes=LIMIT)
