"""What RFC 6455 asks of a server, case by case. `python -m tests.arena.front.conformance` prints the table.

Each case opens a websocket, sends bytes, and says what has to come of them: the messages that arrive, the pongs, and
with which code the server closes; without one, the connection has to be as good as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import trio
import trio.lowlevel

from arena.ws.connection import MAX_MESSAGE_BYTES
from tests.fixtures.echo_server import EchoServer, digest, echo_server
from tests.fixtures.raw_websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawWebsocket,
    closing,
    frame,
)

STILL_THERE = b"still there?"
PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009
NO_CODE = 1005


class Pace(StrEnum):
    """How the bytes of a case are sent."""

    AT_ONCE = "at once"
    BY_FRAMES = "frame by frame"
    BY_BYTES = "byte by byte"


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        section: of the RFC.
        frames: what is sent.
        messages, pongs: that have to come of it, in their order.
        close: the code that the server closes with; `NO_CODE`: with none; None: it does not.
    """

    section: str
    name: str
    frames: Sequence[bytes]
    messages: Sequence[bytes] = ()
    pongs: Sequence[bytes] = ()
    close: int | None = None


@dataclass
class Outcome:
    """What came of it."""

    messages: list[bytes] = field(default_factory=list)
    """That the server has heard, as digests."""
    pongs: list[bytes] = field(default_factory=list)
    close: int | None = None
    is_over: bool = False
    """The server has closed the connection."""


def expected(case: Case) -> Outcome:
    return Outcome(
        [digest(message) for message in case.messages],
        list(case.pongs),
        case.close,
        is_over=case.close is not None,
    )


async def play(server: EchoServer, case: Case, pace: Pace) -> Outcome:
    """Send the case's bytes and see what comes. Alone on its server. Raises `trio.TooSlowError`: nothing does."""
    outcome = Outcome()
    server.echo.heard.clear()
    async with await server.connect() as stream:
        websocket = RawWebsocket(stream)
        await websocket.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, case, pace)
            while (received := await websocket.receive()) is not None:
                if received.opcode == CLOSE:
                    outcome.close = received.code or NO_CODE
                elif received.opcode == PONG:
                    outcome.pongs.append(received.payload)
                elif received.payload == digest(STILL_THERE):
                    break
            else:
                outcome.is_over = True
            nursery.cancel_scope.cancel()
        outcome.messages = [said for said in server.echo.heard if said != digest(STILL_THERE)]
    return outcome


async def _send(stream: trio.SocketStream, case: Case, pace: Pace) -> None:
    pieces = [*case.frames, *([frame(TEXT, STILL_THERE)] if case.close is None else [])]
    whole = b"".join(pieces)
    match pace:
        case Pace.AT_ONCE:
            pieces = [whole]
        case Pace.BY_BYTES:
            step = max(1, len(whole) // 500)  # long ones in as many pieces
            pieces = [whole[place : place + step] for place in range(0, len(whole), step)]
    try:
        for piece in pieces:
            await stream.send_all(piece)
            await trio.lowlevel.checkpoint()
    except trio.BrokenResourceError:
        return  # the server has heard enough


def _framing() -> Iterator[Case]:
    for size in (0, 1, 125, 126, 127, 65_535, 65_536):
        text = b"*" * size
        yield Case("5.2", f"text of {size} bytes", [frame(TEXT, text)], [text])
        data = b"\xfe" * size
        yield Case("5.2", f"binary of {size} bytes", [frame(BINARY, data)], [data])
    yield Case("5.2", "length in 2 bytes where 7 bits would do", [frame(TEXT, b"a", length_bytes=2)], [b"a"])
    yield Case("5.2", "length in 8 bytes where 7 bits would do", [frame(TEXT, b"a", length_bytes=8)], [b"a"])
    yield Case(
        "5.2", "several messages", [frame(TEXT, b"%d" % n) for n in range(40)], [b"%d" % n for n in range(40)]
    )
    yield Case("5.2", "length with its highest bit", [b"\x81\xff" + b"\xff" * 8 + b"mask"], close=TOO_BIG)
    for reserved in range(1, 8):
        yield Case(
            "5.2",
            f"reserved bits {reserved:03b}",
            [frame(TEXT, b"a", reserved=reserved)],
            close=PROTOCOL_ERROR,
        )
        yield Case(
            "5.2",
            f"reserved bits {reserved:03b} of a ping, after a message",
            [frame(TEXT, b"a"), frame(PING, b"b", reserved=reserved)],
            [b"a"],
            close=PROTOCOL_ERROR,
        )
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        yield Case("5.2", f"reserved opcode {opcode}", [frame(opcode, b"a")], close=PROTOCOL_ERROR)
        yield Case(
            "5.2",
            f"reserved opcode {opcode}, empty, after a message",
            [frame(TEXT, b"a"), frame(opcode)],
            [b"a"],
            close=PROTOCOL_ERROR,
        )
    yield Case("5.1", "a frame that is not masked", [frame(TEXT, b"a", mask=None)], close=PROTOCOL_ERROR)
    yield Case("5.1", "a ping that is not masked", [frame(PING, b"a", mask=None)], close=PROTOCOL_ERROR)
    yield Case("5.3", "a mask of zeros", [frame(TEXT, b"abcdefg", mask=bytes(4))], [b"abcdefg"])
    yield Case("5.3", "a mask of ones", [frame(TEXT, b"abcdefg", mask=b"\xff" * 4)], [b"abcdefg"])


def _fragments() -> Iterator[Case]:
    def parts(*payloads: bytes, opcode: int = TEXT) -> list[bytes]:
        last = len(payloads) - 1
        return [
            frame(CONTINUATION if number else opcode, payload, fin=number == last)
            for number, payload in enumerate(payloads)
        ]

    yield Case("5.4", "two fragments", parts(b"ab", b"cd"), [b"abcd"])
    yield Case("5.4", "binary in two fragments", parts(b"\xff", b"\xfe", opcode=BINARY), [b"\xff\xfe"])
    yield Case("5.4", "a hundred fragments", parts(*[b"x"] * 100), [b"x" * 100])
    yield Case("5.4", "empty fragments", parts(b"", b"", b""), [b""])
    yield Case("5.4", "an empty fragment in the middle", parts(b"a", b"", b"b"), [b"ab"])
    yield Case("5.4", "two messages of fragments", [*parts(b"a", b"b"), *parts(b"c", b"d")], [b"ab", b"cd"])
    first, second, third = parts(b"a", b"b", b"c")
    yield Case(
        "5.4",
        "pings between fragments",
        [first, frame(PING, b"1"), second, frame(PING, b"2"), third],
        [b"abc"],
        pongs=[b"1", b"2"],
    )
    yield Case("5.4", "a pong between fragments", [first, frame(PONG, b"1"), second, third], [b"abc"])
    yield Case("5.4", "a continuation of nothing", [frame(CONTINUATION, b"a")], close=PROTOCOL_ERROR)
    yield Case("5.4", "a fragment of nothing", [frame(CONTINUATION, b"a", fin=False)], close=PROTOCOL_ERROR)
    yield Case(
        "5.4",
        "a continuation after a message",
        [frame(TEXT, b"a"), frame(CONTINUATION, b"b")],
        [b"a"],
        close=PROTOCOL_ERROR,
    )
    yield Case("5.4", "a message within another", [first, frame(TEXT, b"b")], close=PROTOCOL_ERROR)
    yield Case(
        "5.4", "a fragment of another message", [first, frame(BINARY, b"b", fin=False)], close=PROTOCOL_ERROR
    )
    for code in (1000, 1001):
        yield Case("5.4", f"close {code} within a message", [first, closing(code)], close=PROTOCOL_ERROR)


def _text() -> Iterator[Case]:
    good = "κόσμε ↯ 𐍈 \U0010ffff \x00 ﷐".encode()
    yield Case("5.6", "text of every length of code points", [frame(TEXT, good)], [good])
    for place in range(1, len(good)):
        cut = [frame(TEXT, good[:place], fin=False), frame(CONTINUATION, good[place:])]
        yield Case("5.6", f"the same, cut at byte {place}", cut, [good])
    each = [
        frame(TEXT, good[:1], fin=False),
        *(frame(CONTINUATION, good[n : n + 1], fin=False) for n in range(1, len(good))),
    ]
    yield Case("5.6", "the same, a byte in each fragment", [*each, frame(CONTINUATION)], [good])
    for name, data in (
        ("a lone continuation byte", b"a\x80"),
        ("a start without its end", b"a\xce"),
        ("an overlong slash", b"\xc0\xaf"),
        ("an overlong zero", b"\xe0\x80\x80"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("a pair of surrogates", b"\xed\xa0\x81\xed\xb0\x80"),
        ("beyond the last code point", b"\xf4\x90\x80\x80"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"),
        ("0xfe", b"\xfe"),
        ("0xff", b"abc\xff"),
    ):
        yield Case("8.1", f"not UTF-8: {name}", [frame(TEXT, data)], close=INVALID_DATA)
        halves = [frame(TEXT, b"ok ", fin=False), frame(CONTINUATION, data)]
        yield Case("8.1", f"not UTF-8, in the second fragment: {name}", halves, close=INVALID_DATA)
        yield Case("8.1", f"the same bytes as binary: {name}", [frame(BINARY, data)], [data])
    yield Case(
        "8.1",
        "not UTF-8 in a message that is never completed",
        [frame(TEXT, b"\xff\xff", fin=False)],
        close=INVALID_DATA,
    )


def _control() -> Iterator[Case]:
    for size in (0, 1, 124, 125):
        yield Case("5.5.2", f"a ping of {size} bytes", [frame(PING, b"p" * size)], pongs=[b"p" * size])
    yield Case("5.5.2", "a ping that is no text", [frame(PING, b"\xff\x00\xfe")], pongs=[b"\xff\x00\xfe"])
    yield Case(
        "5.5.2",
        "ten pings",
        [frame(PING, b"%d" % n) for n in range(10)],
        pongs=[b"%d" % n for n in range(10)],
    )
    yield Case("5.5.3", "a pong that nobody asked for", [frame(PONG, b"hello"), frame(TEXT, b"a")], [b"a"])
    for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE)):
        yield Case("5.5", f"a {name} of 126 bytes", [frame(opcode, b"x" * 126)], close=PROTOCOL_ERROR)
        yield Case(
            "5.5",
            f"a {name} of 65536 bytes, of which little comes",
            [frame(opcode, b"x" * 65_536)[:20]],
            close=PROTOCOL_ERROR,
        )
        yield Case("5.5", f"a {name} in fragments", [frame(opcode, b"x", fin=False)], close=PROTOCOL_ERROR)
    yield Case("5.5", "a ping with its length in 2 bytes", [frame(PING, b"p", length_bytes=2)], pongs=[b"p"])


def _closing() -> Iterator[Case]:
    for code in (
        1000,
        1001,
        1002,
        1003,
        1007,
        1008,
        1009,
        1010,
        1011,
        1012,
        1013,
        1014,
        3000,
        3999,
        4000,
        4999,
    ):
        yield Case("7.4", f"close {code} is answered with the same", [closing(code)], close=code)
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535):
        yield Case("7.4", f"close {code} may not be sent", [closing(code)], close=PROTOCOL_ERROR)
    yield Case("7.1.6", "close with a reason", [closing(1000, "bye ↯".encode())], close=1000)
    yield Case("7.1.6", "close with the longest reason", [closing(1000, b"b" * 123)], close=1000)
    yield Case(
        "7.1.6", "close with a reason that is not UTF-8", [closing(1000, b"\xff\xfe")], close=INVALID_DATA
    )
    yield Case("5.5.1", "close without a code", [frame(CLOSE)], close=NO_CODE)
    yield Case("5.5.1", "close with half a code", [frame(CLOSE, b"\x03")], close=PROTOCOL_ERROR)
    yield Case(
        "5.5.1",
        "what follows a close is ignored",
        [closing(1000), frame(TEXT, b"a"), frame(PING, b"b")],
        close=1000,
    )
    yield Case("5.5.1", "what follows may be anything", [closing(1000), b"\xff" * 50], close=1000)
    yield Case("5.5.1", "a second close is ignored", [closing(1000), closing(1001)], close=1000)
    yield Case(
        "5.5.1", "a message before a close arrives", [frame(TEXT, b"a"), closing(1000)], [b"a"], close=1000
    )
    yield Case(
        "7.1.7", "what follows a fault is ignored", [frame(3), frame(TEXT, b"a")], close=PROTOCOL_ERROR
    )


def _limits() -> Iterator[Case]:
    most = b"m" * MAX_MESSAGE_BYTES
    half = MAX_MESSAGE_BYTES // 2
    yield Case("10.4", "the longest message", [frame(TEXT, most)], [most])
    yield Case("10.4", "a byte more", [frame(TEXT, most + b"m")], close=TOO_BIG)
    yield Case(
        "10.4", "a byte more, of which only the header comes", [frame(TEXT, most + b"m")[:14]], close=TOO_BIG
    )
    yield Case(
        "10.4",
        "the longest message in fragments",
        [frame(TEXT, most[:half], fin=False), frame(CONTINUATION, most[half:])],
        [most],
    )
    yield Case(
        "10.4",
        "a byte more in fragments",
        [frame(TEXT, most[:half], fin=False), frame(CONTINUATION, most[half:] + b"m")],
        close=TOO_BIG,
    )
    yield Case(
        "10.4",
        "endless small fragments",
        [
            frame(TEXT, most, fin=False),
            *[frame(CONTINUATION, b"", fin=False)] * 100,
            frame(CONTINUATION, b"m"),
        ],
        close=TOO_BIG,
    )


CASES = [*_framing(), *_fragments(), *_text(), *_control(), *_closing(), *_limits()]


async def table() -> tuple[list[str], bool]:
    """The lines of a table of all cases, and whether all have passed."""
    lines = [f"| section | case | {' | '.join(Pace)} |", "| --- | --- |" + " --- |" * len(Pace)]
    good = True
    async with echo_server() as server:
        for case in CASES:
            passed = [await play(server, case, pace) == expected(case) for pace in Pace]
            good &= all(passed)
            shown = " | ".join("pass" if is_good else "**fail**" for is_good in passed)
            lines.append(f"| {case.section} | {case.name} | {shown} |")
    return lines, good
