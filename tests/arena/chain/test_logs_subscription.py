"""The subscription against nodes that speak websockets well, oddly, and not at all, on real sockets."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from solders.pubkey import Pubkey
from structlog.testing import capture_logs
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

from arena.chain import logs_subscription, websocket
from arena.chain.backoff import Backoff
from arena.chain.client import Commitment
from arena.chain.logs_subscription import MAX_MESSAGE_BYTES, LogNotice, LogsSubscription
from tests.fixtures.certificate import self_signed
from tests.fixtures.raw_websocket import BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT
from tests.fixtures.raw_websocket import frame as any_frame

PROGRAM = Pubkey.from_bytes(bytes([9] * 32))
SUBSCRIPTION = 77
PATIENCE = 15.0


def frame(opcode: int, payload: bytes = b"", **options: Any) -> bytes:
    """A frame of a server."""
    return any_frame(opcode, payload, **{"mask": None, **options})


def said(recipes: Any, slot: int, **value: object) -> bytes:
    """A notification; the slot tells which."""
    told = {"signature": recipes.signature(slot), "err": None, "logs": ["a line"], **value}
    result = {"context": {"slot": slot}, "value": told}
    params = {"result": result, "subscription": SUBSCRIPTION}
    return json.dumps({"jsonrpc": "2.0", "method": "logsNotification", "params": params}).encode()


class Peer:
    """The node's end of one connection: handshakes and frames by the library, everything else byte for byte."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.protocol = ServerProtocol(logger=logging.Logger("silent", logging.CRITICAL))
        self.frames: list[Frame] = []
        self.request: Request

    async def accept(self, piece: int = 1000) -> None:
        """The opening handshake, `piece` bytes of the answer at a time."""
        while not (events := self.protocol.events_received()):
            self.protocol.receive_data(await self.stream.receive_some() or self._gone())
        [self.request] = events
        self.protocol.send_response(self.protocol.accept(self.request))
        answer = b"".join(self.protocol.data_to_send())
        for place in range(0, len(answer), piece):
            await self.send(answer[place : place + piece])
            await trio.testing.wait_all_tasks_blocked(0.0001)

    async def confirm(self, together_with: bytes = b"", piece: int = 1000) -> dict[str, Any]:
        """Accept, read the request and confirm the subscription. Returns the request."""
        await self.accept(piece)
        asked = json.loads((await self.next(TEXT)).data)
        answer = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": SUBSCRIPTION})
        await self.send(frame(TEXT, answer.encode()) + together_with)
        return asked

    async def next(self, opcode: int) -> Frame:
        """The next frame of this kind; others are passed over."""
        while True:
            while self.frames:
                if (found := self.frames.pop(0)).opcode == opcode:
                    return found
            self.protocol.receive_data(await self.stream.receive_some() or self._gone())
            self.frames += self.protocol.events_received()
            await self._flush()  # pongs

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def reset(self) -> None:
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await trio.aclose_forcefully(self.stream)

    async def left(self) -> None:
        """Wait for the end of what is sent to it."""
        try:
            while await self.stream.receive_some():
                pass
        except trio.BrokenResourceError:
            pass

    async def _flush(self) -> None:
        if data := b"".join(self.protocol.data_to_send()):
            await self.stream.send_all(data)

    def _gone(self) -> bytes:
        raise trio.BrokenResourceError


Conversation = Callable[[Peer], Awaitable[object]]


class Node:
    """Has the first connection's conversation, then the second's, ...; more than these are closed at once."""

    def __init__(self, conversations: tuple[Conversation, ...], tls: ssl.SSLContext | None) -> None:
        self.conversations = list(conversations)
        self.tls = tls
        self.peers: list[Peer] = []
        self.ended: list[BaseException | None] = []
        """Why, if the other side has ended it."""

    async def serve(self, tcp: trio.SocketStream) -> None:
        stream = tcp if self.tls is None else trio.SSLStream(tcp, self.tls, server_side=True)
        async with stream:
            if not self.conversations:
                return
            talk = self.conversations.pop(0)
            self.peers.append(Peer(stream))
            try:
                await talk(self.peers[-1])
                self.ended.append(None)
            except* (trio.BrokenResourceError, trio.ClosedResourceError) as group:
                self.ended.append(group.exceptions[0])


class Listener:
    """Runs a subscription and remembers what it tells."""

    def __init__(self, url: str, **options: Any) -> None:
        self.notices: list[LogNotice] = []
        self.changes: list[bool] = []
        self.errors: list[str | None] = []
        self.subscription = LogsSubscription(
            url,
            PROGRAM,
            Commitment.CONFIRMED,
            on_notice=self.notices.append,
            on_change=self._changed,
            **{"backoff": Backoff(0.001, 0.001), **options},
        )

    def _changed(self, subscribed: bool) -> None:
        assert self.subscription.connected is subscribed
        self.changes.append(subscribed)
        if not subscribed:
            self.errors.append(self.subscription.last_error)

    @property
    def slots(self) -> list[int]:
        return [notice.slot for notice in self.notices]


@asynccontextmanager
async def talking(
    *conversations: Conversation,
    tls: ssl.SSLContext | None = None,
    path: str = "/",
    login: str = "",
    running: bool = True,
    **options: Any,
) -> AsyncIterator[tuple[Listener, Node]]:
    node = Node(conversations, tls)
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, node.serve, [listener])
        port = listener.socket.getsockname()[1]
        listening = Listener(f"{'ws' if tls is None else 'wss'}://{login}127.0.0.1:{port}{path}", **options)
        if running:
            nursery.start_soon(listening.subscription.run)
        with trio.fail_after(PATIENCE):
            yield listening, node
        nursery.cancel_scope.cancel()


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await trio.sleep(0.002)


async def listens(peer: Peer) -> None:
    """A node without fault."""
    await peer.confirm()
    await peer.left()


def saying(*pieces: bytes) -> Conversation:
    """Confirms, and sends each piece after the one before was read."""

    async def talk(peer: Peer) -> None:
        await peer.confirm()
        for piece in pieces:
            await peer.send(piece)
            await trio.testing.wait_all_tasks_blocked(0.001)
        await peer.left()

    return talk


# --- asking ---


async def test_it_asks_for_logs_that_mention_the_program() -> None:
    asked: list[dict[str, Any]] = []

    async def talk(peer: Peer) -> None:
        asked.append(await peer.confirm())
        await peer.left()

    async with talking(talk, path="/v1/x?key=a%20b&y=1") as (listener, node):
        await until(lambda: listener.subscription.connected and asked)
        assert asked == [
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "logsSubscribe",
                "params": [{"mentions": [str(PROGRAM)]}, {"commitment": "confirmed"}],
            }
        ]
        request = node.peers[0].request
        assert request.path == "/v1/x?key=a%20b&y=1"
        assert "Sec-WebSocket-Extensions" not in request.headers  # no compression
        assert "Authorization" not in request.headers
        assert listener.subscription.connections == 1
        assert listener.subscription.last_error is None
        assert listener.changes == [True]


async def test_a_login_in_the_url_becomes_a_header() -> None:
    async with talking(listens, login="me:p%40ss@") as (listener, node):
        await until(lambda: listener.subscription.connected)
        request = node.peers[0].request
        assert request.headers["Authorization"] == "Basic bWU6cEBzcw=="
        assert request.headers["Host"].startswith("127.0.0.1:")
        assert request.path == "/"


@pytest.mark.parametrize(
    "url",
    ["http://x", "ws://", "x", "ws://host:port/", "ws://host/a b", "ws://host/\r\nx: y", "wss://höst/"],
)
async def test_what_is_no_websocket_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError):
        Listener(url)


async def test_nothing_of_the_url_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def refuses(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await peer.left()

    with capture_logs() as logs:
        async with talking(refuses, listens, path="/?key=SECRET", login="me:SECRET@") as (listener, _):
            await until(lambda: listener.subscription.connected)
    assert logs
    for secret in ("SECRET", "bWU6U0VDUkVU"):
        assert secret not in str(logs) + caplog.text


# --- being told ---


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: [data],
        lambda data: [data[:1], data[1:2], data[2:3], data[3:4], data[4:5], data[5:]],
        lambda data: [data[place : place + 100] for place in range(0, len(data), 100)],
        lambda data: [data[:-1], data[-1:]],
    ],
    ids=["in one segment", "in the middle of a header", "over many segments", "but for the last byte"],
)
async def test_notifications_come_in_order_however_their_bytes_come(
    recipes: Any, cut: Callable[[bytes], list[bytes]]
) -> None:
    data = b"".join(frame(TEXT, said(recipes, slot)) for slot in (1, 2, 3))
    async with talking(saying(*cut(data), frame(TEXT, said(recipes, 4)))) as (listener, _):
        await until(lambda: len(listener.notices) == 4)
        assert listener.slots == [1, 2, 3, 4]
        assert listener.notices[0] == LogNotice(recipes.signature(1), 1, None, ("a line",))


async def test_what_comes_with_the_confirmation_counts(recipes: Any) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm(frame(TEXT, said(recipes, 1)) + frame(TEXT, said(recipes, 2))[:50])
        await peer.send(frame(TEXT, said(recipes, 2))[50:])
        await peer.left()

    async with talking(talk) as (listener, _):
        await until(lambda: listener.slots == [1, 2])


async def test_the_handshake_may_come_byte_by_byte(recipes: Any) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm(frame(TEXT, said(recipes, 1)), piece=1)
        await peer.left()

    async with talking(talk) as (listener, _):
        await until(lambda: listener.slots == [1])


async def test_a_node_may_confirm_before_it_was_asked(recipes: Any) -> None:
    answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": SUBSCRIPTION}).encode()

    async def talk(peer: Peer) -> None:
        peer.protocol.receive_data(await peer.stream.receive_some())
        [request] = peer.protocol.events_received()
        peer.protocol.send_response(peer.protocol.accept(request))
        await peer.send(
            b"".join(peer.protocol.data_to_send()) + frame(TEXT, answer) + frame(TEXT, said(recipes, 1))
        )
        await peer.left()

    async with talking(talk) as (listener, _):
        await until(lambda: listener.slots == [1])


async def test_a_message_in_fragments_is_put_together_and_pings_between_them_are_answered(
    recipes: Any,
) -> None:
    message = said(recipes, 1)
    pongs: list[bytes] = []

    async def talk(peer: Peer) -> None:
        await peer.confirm()
        await peer.send(
            frame(TEXT, b"", fin=False)
            + frame(CONTINUATION, message[:100], fin=False)
            + frame(PING, b"there?")
            + frame(CONTINUATION, message[100:], fin=False)
        )
        pongs.append(bytes((await peer.next(PONG)).data))
        assert not listener.notices
        await peer.send(frame(CONTINUATION, b"") + frame(TEXT, said(recipes, 2)))
        await peer.left()

    async with talking(talk) as (listener, _):
        await until(lambda: listener.slots == [1, 2])
        assert pongs == [b"there?"]


async def test_binary_messages_and_odd_headers_mean_the_same(recipes: Any) -> None:
    short = b'{"method":"other"}'
    pieces = (
        frame(BINARY, said(recipes, 1)),
        frame(TEXT, short) + frame(TEXT, short, length_bytes=2) + frame(TEXT, short, length_bytes=8),
        frame(PONG, b"nobody asked"),
        frame(TEXT, said(recipes, 2), length_bytes=8),
        frame(BINARY, said(recipes, 3)[:9], fin=False) + frame(CONTINUATION, said(recipes, 3)[9:]),
        frame(TEXT, said(recipes, 4, logs=["x" * 70_000])),
        frame(TEXT, said(recipes, 5) + b" " * (MAX_MESSAGE_BYTES - len(said(recipes, 5)))),
    )
    async with talking(saying(*pieces)) as (listener, _):
        await until(lambda: listener.slots == [1, 2, 3, 4, 5])
        assert listener.subscription.connections == 1


async def test_of_messages_without_end_others_have_their_turn() -> None:
    """However many small frames come, only so many are looked at between two steps of another task."""
    steps: list[int] = []
    seen = 0

    async def talk(peer: Peer) -> None:
        await peer.confirm()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.left)
            await peer.send((frame(PING) + frame(TEXT, b"{}")) * 2000)
            await peer.send(frame(TEXT, b"{}") * 3000)

    def look(raw: bytes, _subscription: object) -> None:
        nonlocal seen
        seen += raw == b"{}"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs_subscription, "_notice", look)
        async with talking(talk) as (listener, _):
            await until(lambda: listener.subscription.connected)
            before = seen
            while seen < 5_000:
                await trio.lowlevel.checkpoint()
                steps.append(seen - before)
                before = seen
    assert max(steps) <= 2 * websocket.MAX_FRAMES_AT_ONCE  # trio runs what is ready in any order


# --- nodes that are no good ---

ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "ConnectionRejected"),
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 100\r\n\r\nlater", "ConnectionRejected"),
        (b"HTTP/1.1 404 Not Found\r\n\r\nnothing", "ConnectionRejected"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "ConnectionRejected"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "ConnectionRejected"),
        (ACCEPTED + b"Sec-WebSocket-Accept: AAAA\r\n\r\n", "HandshakeError"),
        (ACCEPTED + b"\r\n", "HandshakeError"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HandshakeError"),
        (b"\x00\xff\r\n\r\n", "HandshakeError"),
        (b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 10_000 + b"\r\n\r\n", "HandshakeError"),
        (b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 200 + b"\r\n", "HandshakeError"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgr", "HandshakeError"),
        (b"", "HandshakeError"),
    ],
)
async def test_who_opens_no_websocket_is_left_and_asked_again(answer: bytes, name: str) -> None:
    async def talk(peer: Peer) -> None:
        await peer.stream.receive_some()
        errors.append(listener.subscription.last_error)
        await peer.send(answer)
        await peer.stream.send_eof()
        await peer.left()

    async def again(peer: Peer) -> None:
        errors.append(listener.subscription.last_error)
        await listens(peer)

    errors: list[str | None] = []
    async with talking(talk, again) as (listener, _):
        await until(lambda: listener.subscription.connected)
        assert errors == [None, name]
        assert listener.changes == [True]
        assert listener.subscription.last_error is None


async def test_an_endless_answer_is_cut_off() -> None:
    async def talk(peer: Peer) -> None:
        await peer.stream.receive_some()
        await peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
        while True:
            await peer.send(b"X: y\r\n" * 1000)

    async with talking(talk, listens) as (listener, node):
        await until(lambda: listener.subscription.connected)
        assert isinstance(node.ended[0], trio.BrokenResourceError)


async def test_an_extension_that_nobody_offered_is_refused() -> None:
    async def talk(peer: Peer) -> None:
        peer.protocol.receive_data(await peer.stream.receive_some())
        [request] = peer.protocol.events_received()
        response = peer.protocol.accept(request)
        response.headers["Sec-WebSocket-Extensions"] = "permessage-deflate"
        peer.protocol.send_response(response)
        await peer.send(b"".join(peer.protocol.data_to_send()))
        await peer.left()

    async with talking(talk) as (listener, _):
        await until(lambda: listener.subscription.last_error == "HandshakeError")
        assert listener.changes == []


@pytest.mark.parametrize(
    "answer",
    [
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}',
        b'{"id":2,"result":5}',
        b"[]",
        b"no",
    ],
)
async def test_a_node_that_does_not_confirm_is_left(answer: bytes) -> None:
    async def talk(peer: Peer) -> None:
        await peer.accept()
        await peer.send(frame(TEXT, answer))
        codes.append((await peer.next(CLOSE)).data[:2])

    codes: list[bytes] = []
    async with talking(talk) as (listener, _):
        await until(lambda: codes and listener.subscription.last_error)
        assert codes == [b"\x03\xe8"]
        assert listener.changes == []


async def test_waits_for_a_node_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_subscription, "CONNECT_SECONDS", 0.05)
    errors: list[str | None] = []

    async def says_nothing(peer: Peer) -> None:
        errors.append(listener.subscription.last_error)
        await peer.left()

    async def accepts_only(peer: Peer) -> None:
        errors.append(listener.subscription.last_error)
        await peer.accept()
        await peer.left()

    async def confirms(peer: Peer) -> None:
        errors.append(listener.subscription.last_error)
        await listens(peer)

    async with talking(says_nothing, accepts_only, *[confirms] * 50) as (listener, _):
        await until(lambda: listener.subscription.connected)
        assert errors[:3] == [None, "ConnectionTimeout", "TooSlowError"]


TOO_MUCH = MAX_MESSAGE_BYTES + 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT, b"x" * TOO_MUCH), 1009),
        (frame(TEXT, b"x" * TOO_MUCH)[:10], 1009),
        (frame(BINARY, b"x" * 10)[:1] + b"\x7f" + b"\xff" * 8, 1009),
        (frame(PING, b"x" * TOO_MUCH)[:10], 1009),
        (frame(TEXT, b"x" * 1000, fin=False) + frame(CONTINUATION, b"x" * (TOO_MUCH - 1000)), 1009),
        (frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"x" * 1000, fin=False) * 1100, 1009),
        (frame(TEXT, b"{}", mask=MASK), 1002),
        (frame(TEXT, b"{}", mask=MASK)[:2], 1002),
        (frame(TEXT, b"{}", reserved=4), 1002),
        (frame(3, b"{}"), 1002),
        (frame(11), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, fin=False), 1002),
        (frame(CONTINUATION, b"{}"), 1002),
        (frame(TEXT, b"{", fin=False) + frame(TEXT, b"{}"), 1002),
        (frame(CLOSE, b"x"), 1002),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 8, 1002),
        (frame(TEXT, b'{"\xff": 1}'), 1000),
        (frame(TEXT, b"\xff"), 1000),
        (frame(TEXT, b"not json"), 1000),
        (frame(TEXT), 1000),
    ],
)
async def test_nonsense_costs_the_connection_and_nothing_else(recipes: Any, data: bytes, code: int) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm()
        await peer.send(frame(TEXT, said(recipes, 1)) + data)
        codes.append(int.from_bytes((await peer.next(CLOSE)).data[:2], "big"))
        await peer.left()

    codes: list[int] = []
    async with talking(talk, saying(frame(TEXT, said(recipes, 2)))) as (listener, node):
        await until(lambda: listener.slots == [1, 2])
        # who is still sending when the connection is closed may not be told why
        assert codes == [code] or isinstance(node.ended[0], trio.BrokenResourceError)
        assert listener.changes == [True, False, True]
        reason = "ConnectionClosed" if code != 1000 else "a message that is no JSON object"
        assert listener.errors == [reason]


async def test_a_notification_that_makes_no_sense_costs_the_connection(recipes: Any) -> None:
    wrong: list[dict[str, object]] = [
        {"signature": "x"},
        {"signature": recipes.signature(1)[:-2]},
        {"signature": "0" * 88},
        {"signature": 5},
        {"logs": "a line"},
        {"logs": [1]},
    ]
    talks = [saying(frame(TEXT, said(recipes, 1, **value))) for value in wrong]
    async with talking(*talks, listens) as (listener, _):
        await until(lambda: listener.subscription.connections == len(wrong) + 1)
        assert listener.notices == []
        assert set(listener.errors) == {"a notification that makes no sense"}


async def test_a_node_that_closes_is_answered_and_what_it_said_before_counts(recipes: Any) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm()
        await peer.send(
            frame(TEXT, said(recipes, 1)) + frame(CLOSE, b"\x03\xe9bye") + frame(TEXT, said(recipes, 2))
        )
        closed.append(bytes((await peer.next(CLOSE)).data))
        await peer.left()

    closed: list[bytes] = []
    async with talking(talk, listens) as (listener, _):
        await until(lambda: listener.subscription.connections == 2)
        assert listener.slots == [1]
        assert closed == [b"\x03\xe9bye"]
        assert listener.errors == ["ConnectionClosed"]


@pytest.mark.parametrize("how", [Peer.reset, lambda peer: peer.stream.aclose()], ids=["reset", "end"])
async def test_a_connection_that_is_cut_is_made_again(
    recipes: Any, how: Callable[[Peer], Awaitable[None]]
) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm()
        await peer.send(frame(TEXT, said(recipes, 1)) + frame(TEXT, said(recipes, 9))[:-1])
        await until(lambda: listener.notices)
        await how(peer)

    async with talking(talk, saying(frame(TEXT, said(recipes, 2)))) as (listener, _):
        await until(lambda: listener.slots == [1, 2])
        assert listener.changes == [True, False, True]
        assert listener.errors == ["ConnectionClosed"]


async def test_a_node_that_answers_no_ping_is_left(recipes: Any) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm()
        for _ in range(3):
            await peer.next(PING)  # and answers
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.left)
            while True:  # it is alive, and answers something else
                await peer.send(frame(PONG, b"x") + frame(TEXT, said(recipes, 1)))
                await trio.sleep(0.01)

    async with talking(talk, listens, ping_interval=0.2) as (listener, _):
        await until(lambda: listener.subscription.connections == 2)
        assert listener.notices
        assert listener.errors == ["TooSlowError"]


async def test_a_node_that_reads_nothing_is_left(recipes: Any) -> None:
    async def talk(peer: Peer) -> None:
        await peer.confirm()
        with trio.move_on_after(0.5):  # pongs that it does not read are due for these
            while True:
                await peer.send(frame(PING, b"x" * 125) * 100)
        await trio.sleep_forever()

    async with talking(talk, listens, ping_interval=0.1) as (listener, _):
        await until(lambda: listener.subscription.connections == 2)
        assert listener.errors == ["TooSlowError"]


# --- TLS ---


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    recipes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # nor does the environment
    async with talking(Peer.accept, tls=tls) as (listener, node):
        await until(lambda: node.ended and listener.subscription.last_error == "HandshakeError")
        assert isinstance(node.ended[0], trio.BrokenResourceError)
        assert listener.changes == []
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(websocket.httpx, "create_ssl_context", lambda **_: trusting)
    large = frame(TEXT, said(recipes, 2, logs=["x" * 100_000]))
    async with talking(saying(frame(TEXT, said(recipes, 1)) + large), tls=tls) as (listener, _):
        await until(lambda: listener.slots == [1, 2])


# --- leaving ---


async def test_reconnecting_leaves_one_connection_for_another(recipes: Any) -> None:
    async with talking(saying(frame(TEXT, said(recipes, 1))), listens) as (listener, node):
        await until(lambda: listener.notices)
        listener.subscription.reconnect()
        await until(lambda: listener.subscription.connections == 2)
        assert listener.changes == [True, False, True]
        await until(lambda: len(node.ended) == 1)


@pytest.mark.parametrize("step", ["connecting", "subscribing", "listening", "being flooded"])
async def test_it_can_be_cancelled_at_every_step(recipes: Any, step: str) -> None:
    reached = trio.Event()

    async def talk(peer: Peer) -> None:
        if step == "connecting":
            await peer.stream.receive_some()
        elif step == "subscribing":
            await peer.accept()
            await peer.next(TEXT)
        else:
            await peer.confirm()
            await until(lambda: listener.changes)
        reached.set()
        while step == "being flooded":
            await peer.send(frame(TEXT, said(recipes, 1)) * 10)
        await peer.left()

    async with talking(talk, running=False) as (listener, node):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listener.subscription.run)
            await reached.wait()
            if step != "being flooded":
                await trio.testing.wait_all_tasks_blocked(0.001)
            nursery.cancel_scope.cancel()
        assert not listener.subscription.connected
        await until(lambda: node.ended)
        assert len(node.peers) == 1
