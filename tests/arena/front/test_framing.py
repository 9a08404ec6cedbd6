"""Messages out of bytes, however these come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.front.framing import Framing, text_frame
from tests.fixtures.raw_websocket import BINARY, CONTINUATION, PING, PONG, TEXT, closing, frame

LIMIT = 1_000

payloads = st.binary(max_size=200)
texts = st.text(max_size=60).map(str.encode)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A message and the bytes it comes in: whole or in fragments, with control frames between."""
    opcode, payload = draw(st.one_of(st.tuples(st.just(TEXT), texts), st.tuples(st.just(BINARY), payloads)))
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    parts = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    data = b""
    for number, part in enumerate(parts):
        mask = draw(st.binary(min_size=4, max_size=4))
        data += frame(CONTINUATION if number else opcode, part, fin=number == len(parts) - 1, mask=mask)
        if draw(st.booleans()):
            data += frame(draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=125)), mask=mask)
    return payload, data


@given(st.lists(messages(), max_size=6), st.data())
def test_any_cut_of_the_bytes_gives_the_same_messages(
    said: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(part for _, part in said)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    framing = Framing(LIMIT)
    for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        framing.receive(stream[a:b])
    assert list(framing.messages) == [payload for payload, _ in said]
    assert framing.is_open


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_no_bytes_at_all_break_it(stream: bytes, cuts: list[int]) -> None:
    whole, pieces = Framing(LIMIT), Framing(LIMIT)
    whole.receive(stream)
    edges = sorted(min(cut, len(stream)) for cut in cuts)
    for a, b in zip([0, *edges], [*edges, len(stream)], strict=True):
        pieces.receive(stream[a:b])
    assert list(pieces.messages) == list(whole.messages)
    assert (pieces.is_open, pieces.is_over, pieces.fault) == (whole.is_open, whole.is_over, whole.fault)


@given(st.binary(max_size=70_000))
def test_what_we_send_has_the_shortest_header(message: bytes) -> None:
    data = text_frame(message)
    size = len(message)
    header = {True: 2, False: 4 if size < 65_536 else 10}[size < 126]
    assert (len(data), data[0], data[header:]) == (size + header, 0x81, message)
    assert data[1] == (size if size < 126 else 126 if size < 65_536 else 127)


def test_a_pong_is_due_for_a_ping_and_a_close_for_a_close() -> None:
    framing = Framing(LIMIT)
    assert framing.receive(frame(PING, b"abc")) == b"\x8a\x03abc"
    assert framing.receive(closing(1000)) == b"\x88\x02\x03\xe8"
    assert (framing.is_open, framing.is_over, framing.fault) == (False, True, None)


def test_closing_is_said_once_and_over_when_it_is_answered() -> None:
    framing = Framing(LIMIT)
    assert framing.close(1001, "resume") == b"\x88\x08\x03\xe9resume"
    assert framing.close(1000, "") == b""
    assert (framing.is_open, framing.is_over) == (False, False)
    assert framing.receive(frame(TEXT, b"late") + closing(1001)) == b""
    assert (list(framing.messages), framing.is_over) == ([], True)


def test_a_fault_is_named() -> None:
    framing = Framing(LIMIT)
    assert framing.receive(frame(TEXT, b"x" * (LIMIT + 1)))[2:4] == (1009).to_bytes(2, "big")
    assert (framing.fault, framing.is_over) == (1009, True)
    assert framing.receive(frame(TEXT, b"more")) == b""


def test_nothing_is_kept_of_what_nobody_will_read() -> None:
    framing = Framing(LIMIT)
    framing.receive(closing(1000) + b"x" * 10_000)
    framing.receive(b"x" * 10_000)
    assert framing._buffer == b""
