"""What happens to a connection when a request was answered before all of it had come."""

from __future__ import annotations

import pytest
import trio

from arena.http import lingering
from tests.fixtures.front import Front

BODY = b'{"address": "11111111111111111111111111111111"}'
REFUSED_EARLY = [
    pytest.param(b"PUT /api/v1/auth/nonce", b"405", id="method"),
    pytest.param(b"POST /api/v1/nothing", b"404", id="path"),
    pytest.param(b"POST /api/v1/bots", b"401", id="token"),
]


async def connect(front: Front) -> trio.SocketStream:
    host, port = front.url.removeprefix("http://").split(":")
    return await trio.open_tcp_stream(host, int(port))


def head(line: bytes, length: int = len(BODY)) -> bytes:
    return b"%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (
        line,
        length,
    )


async def answer(stream: trio.SocketStream) -> bytes:
    """The status of the next response."""
    received = b""
    with trio.fail_after(10):
        while b"}" not in received:
            piece = await stream.receive_some()
            assert piece, "the connection was closed"
            received += piece
    return received.split(b" ", 2)[1]


@pytest.mark.parametrize(("line", "status"), REFUSED_EARLY)
async def test_a_body_that_comes_after_the_answer_does_not_disturb_the_next_request(
    front: Front, line: bytes, status: bytes
) -> None:
    async with await connect(front) as stream:
        for _ in range(3):
            await stream.send_all(head(line))
            assert await answer(stream) == status
            await stream.send_all(BODY)
            await stream.send_all(b"GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await answer(stream) == b"200"


@pytest.mark.parametrize(("line", "status"), REFUSED_EARLY)
async def test_a_body_that_never_comes_ends_the_connection(
    front: Front, line: bytes, status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "LINGER", 0.2)
    async with await connect(front) as stream:
        await stream.send_all(head(line))
        assert await answer(stream) == status
        with trio.fail_after(5):
            assert await stream.receive_some() == b""


async def test_a_client_that_leaves_in_the_middle_of_its_request_disturbs_nobody(front: Front) -> None:
    for _ in range(20):
        async with await connect(front) as stream:
            await stream.send_all(head(b"POST /api/v1/auth/nonce"))
    assert (await front.http.get("/api/v1/health/live")).status_code == 200
