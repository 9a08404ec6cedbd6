"""The opening handshake, RFC 6455 section 4."""

from __future__ import annotations

import json

import pytest
import trio

from arena.front.handshake import MAX_SUBPROTOCOLS
from tests.fixtures.echo_server import EchoServer, digest
from tests.fixtures.raw_websocket import ACCEPT, KEY, TEXT, RawWebsocket, frame, upgrade


async def answer(server: EchoServer, request: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    """Status, headers and problem of a request that is refused; the connection is closed after it."""
    async with await server.connect() as stream:
        await stream.send_all(request)
        received = b""
        with trio.fail_after(10):
            while piece := await stream.receive_some():
                received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in rest)}
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)
    return int(line.split(" ")[1]), headers, json.loads(body)


async def test_what_is_asked_for_rightly_is_accepted(echo: EchoServer) -> None:
    async with await echo.connect() as stream:
        head = await RawWebsocket(stream).open()
    assert b"Sec-WebSocket-Accept: " + ACCEPT in head
    assert b"Upgrade: websocket\r\n" in head
    assert b"Connection: Upgrade\r\n" in head
    assert b"Extensions" not in head
    assert b"Sec-WebSocket-Protocol" not in head


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Upgrade: websocket", "UPGRADE: WebSocket"),
        ("Connection: Upgrade", "connection: keep-alive, upgrade"),
        ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: UPGRADE"),
        ("Sec-WebSocket-Version", "sec-websocket-version"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"),
        ("\r\n\r\n", "\r\nCookie: " + "c" * 20_000 + "\r\n\r\n"),
    ],
)
async def test_what_is_written_in_another_way_is_accepted_too(echo: EchoServer, old: str, new: str) -> None:
    request = upgrade().replace(old.encode(), new.encode(), 1)
    async with await echo.connect() as stream:
        head = await RawWebsocket(stream).open(request)
    assert b"Extensions" not in head


async def test_the_subprotocol_that_was_chosen_is_answered(echo: EchoServer) -> None:
    async with await echo.connect() as stream:
        head = await RawWebsocket(stream).open(
            upgrade(
                "/ws/lobby", "Sec-WebSocket-Protocol: chat, arena.v1", "Sec-WebSocket-Protocol: bearer.x.y"
            )
        )
    assert b"\r\nSec-WebSocket-Protocol: arena.v1" in head
    assert echo.echo.asked[0].offered == ("chat", "arena.v1", "bearer.x.y")


async def test_what_follows_the_request_at_once_is_not_lost(echo: EchoServer) -> None:
    async with await echo.connect() as stream:
        websocket = RawWebsocket(stream)
        await websocket.open(upgrade() + frame(TEXT, b"early"))
        received = await websocket.receive()
        assert received is not None
        assert received.payload == digest(b"early")


async def test_a_websocket_may_follow_other_requests_of_the_connection(echo: EchoServer) -> None:
    async with await echo.connect() as stream:
        await stream.send_all(b"GET /hello HTTP/1.1\r\nHost: arena\r\n\r\n")
        received = b""
        with trio.fail_after(10):
            while not received.endswith(b"hello"):
                received += await stream.receive_some()
        await RawWebsocket(stream).open()


INVALID = [
    ("Sec-WebSocket-Key", ""),
    ("Sec-WebSocket-Key", "Sec-WebSocket-Key: short"),
    ("Sec-WebSocket-Key", "Sec-WebSocket-Key: ***"),
    ("Sec-WebSocket-Key", f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Key: {KEY}"),
    ("Sec-WebSocket-Version", ""),
    ("nothing", "Sec-WebSocket-Protocol: a b"),
    ("nothing", "Origin: http://a.example\r\nOrigin: http://b.example"),
    ("nothing", "Sec-WebSocket-Protocol: " + ", ".join(f"p{n}" for n in range(MAX_SUBPROTOCOLS + 1))),
]


@pytest.mark.parametrize(("without", "instead"), INVALID)
async def test_what_is_asked_for_wrongly_is_refused(echo: EchoServer, without: str, instead: str) -> None:
    request = upgrade("/ws/lobby", *([instead] if instead else []), without=without)
    status, _, problem = await answer(echo, request)
    assert (status, problem["code"], problem["status"]) == (400, "handshake_invalid", 400)
    assert echo.echo.asked == []


@pytest.mark.parametrize("version", ["8", "14", "13, 8", "x"])
async def test_another_version_is_told_which_one_is_spoken(echo: EchoServer, version: str) -> None:
    request = upgrade("/ws/lobby", f"Sec-WebSocket-Version: {version}", without="Sec-WebSocket-Version")
    status, headers, problem = await answer(echo, request)
    assert (status, problem["code"]) == (426, "upgrade_required")
    assert (headers["sec-websocket-version"], headers["upgrade"]) == ("13", "websocket")


@pytest.mark.parametrize("connection", ["", "Connection: close", "Connection: keep-alive"])
async def test_an_upgrade_that_the_connection_does_not_name_is_none(
    echo: EchoServer, connection: str
) -> None:
    request = upgrade("/ws/lobby", *([connection] if connection else []), without="Connection")
    status, _, problem = await answer(echo, request)
    assert (status, problem["code"]) == (426, "upgrade_required")


async def test_the_body_of_a_refusal_is_seen_by_who_is_still_sending(echo: EchoServer) -> None:
    status, _, problem = await answer(echo, upgrade(without="Sec-WebSocket-Key") + b"x" * 100_000)
    assert (status, problem["code"]) == (400, "handshake_invalid")
