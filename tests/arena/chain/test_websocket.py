"""Messages of a websocket, however their bytes come; `test_logs_subscription.py` tries it on sockets."""

from __future__ import annotations

import logging
from typing import Any

import trio
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import DATA_OPCODES
from websockets.protocol import State
from websockets.uri import WebSocketURI

from arena.chain.websocket import ConnectionClosed, Websocket
from tests.fixtures.raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

LIMIT = 300


class Pieces:
    """A stream that brings one piece after the other, and then ends."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]
        self.sent = b""

    async def receive_some(self, _max_bytes: int) -> bytes:
        await trio.lowlevel.checkpoint()
        return self.pieces.pop(0) if self.pieces else b""

    async def send_all(self, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self.sent += data

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


def protocol() -> ClientProtocol:
    return ClientProtocol(
        WebSocketURI(False, "node", 80, "", ""),
        state=State.OPEN,
        max_size=LIMIT,
        logger=logging.Logger("silent", logging.CRITICAL),
    )


def by_the_library(stream: bytes) -> tuple[list[bytes], int | None]:
    """Messages, and the code with which the other side is left."""
    reference = protocol()
    reference.receive_data(stream)
    messages: list[bytes] = []
    fragments = b""
    for event in reference.events_received():
        if event.opcode in DATA_OPCODES:
            fragments += event.data
            if event.fin:
                messages.append(fragments)
                fragments = b""
    return messages, reference.close_sent and reference.close_sent.code


async def by_us(pieces: list[bytes], early: bytes) -> tuple[list[bytes], int | None]:
    ours = protocol()
    connection = Websocket(Pieces(pieces), ours, LIMIT, early)
    messages: list[bytes] = []
    try:
        while True:
            got = await connection.receive()
            assert got
            messages += got
    except ConnectionClosed:
        pass
    return messages, ours.close_sent and ours.close_sent.code


frames = st.builds(
    frame,
    st.sampled_from([TEXT, TEXT, TEXT, BINARY, CONTINUATION, PING, PONG]),
    st.binary(max_size=150),
    fin=st.sampled_from([True, True, False]),
    mask=st.none(),
    length_bytes=st.sampled_from([None, 8]),
)
odd_frames = st.builds(
    frame,
    st.sampled_from([TEXT, CONTINUATION, CLOSE, PING, 3]),
    st.binary(max_size=LIMIT + 10),
    reserved=st.sampled_from([0, 0, 4]),
    mask=st.sampled_from([None, None, b"mask"]),
)
streams = st.lists(st.one_of(frames, frames, frames, odd_frames, st.binary(max_size=10)), max_size=150).map(
    b"".join
)


@given(streams, st.data())
def test_any_cut_of_any_bytes_gives_what_the_library_makes_of_them(stream: bytes, data: Any) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    early, *pieces = (stream[a:b] for a, b in zip([0, *edges], [*edges, len(stream)], strict=True))
    messages, code = trio.run(by_us, pieces, early)
    expected, expected_code = by_the_library(stream)
    assert messages == expected
    # the library refuses a frame by its header; we do, too, unless it is short and the rest may come
    assert code in (expected_code, None)
    whole, same_code = trio.run(by_us, [], stream)
    assert (whole, same_code) == (messages, code)
