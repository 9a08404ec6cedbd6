"""Answers that are given before the whole request has come."""

from __future__ import annotations

import httpx
import pytest
import trio

from arena.http import lingering
from tests.fixtures.front import Front

NONCE = "/api/v1/auth/nonce"
HEAD = b"POST /api/v1/auth/nonce HTTP/1.1\r\nHost: arena\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"


async def connect(front: Front) -> trio.SocketStream:
    url = httpx.URL(front.url)
    assert url.port is not None
    return await trio.open_tcp_stream(url.host, url.port)


async def rest(stream: trio.SocketStream) -> bytes:
    """Everything until the server closes."""
    received = b""
    with trio.fail_after(10):
        while part := await stream.receive_some(65_536):
            received += part
    return received


@pytest.mark.parametrize("size", [10, 70_000, 1_000_000])
async def test_after_an_early_refusal_the_connection_serves_on(front: Front, size: int) -> None:
    for _ in range(10):
        refused = await front.http.post(NONCE, content=b"x" * size)
        assert refused.status_code == 415
        with trio.fail_after(5):
            assert (await front.http.get("/api/v1/health/live")).status_code == 200


async def test_a_client_that_never_sends_the_rest_is_answered_and_let_go(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "LINGER", 0.1)
    async with await connect(front) as stream:
        await stream.send_all(HEAD + b"x" * 70_000)
        received = await rest(stream)
    assert received.startswith(b"HTTP/1.1 415")
    assert b"media_type_unsupported" in received
