"""What the fuzzer sends: bytes that are nearly right, and how they are sent. All is drawn from one random source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from tests.fixtures.raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, upgrade

METHODS: Final = (
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"OPTIONS",
    b"DELETE",
    b"get",
    b"CONNECT",
    b"\x00",
    b"G T",
    b"",
)
TARGETS: Final = (
    b"/hello", b"/large?bytes=100000", b"/length", b"/", b"*", b"//", b"/%00", b"/%ff%fe", b"/\xff", b"hello",
    b"http://arena/hello", b"/hello?" + b"q" * 9_000, b"/../../etc/passwd", b"/hello#f", b"/ws/lobby", b"", b"/ h",
)  # fmt: skip
VERSIONS: Final = (
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/0.9",
    b"HTTP/1.",
    b"http/1.1",
    b"HTTP/9.9",
    b"",
)
HEADERS: Final = (
    b"Host: arena", b"Host: arena\r\nHost: other", b"Host:", b"Host: \xff\xfe", b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 99999999999999999999", b"Content-Length: 0x5",
    b"Content-Length: 5, 5", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Transfer-Encoding: xchunked", b"Expect: 100-continue",
    b"Expect: nonsense", b"Connection: close", b"Connection: keep-alive, upgrade", b"Connection: " + b"x," * 500,
    b"Upgrade: websocket", b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA", b"Upgrade: TLS/1.0",
    b"X-Folded: a\r\n b", b"X-Nul: a\x00b", b" Leading: x", b"No-Colon", b": empty", b"Spaced : x",
    b"X: " + b"y" * 40_000,
    b"Cookie: " + b"c=1; " * 1_000, b"Accept-Encoding: gzip;q=nan", b"Range: bytes=0-,-1", b"X-Forwarded-For: ,,,",
    b"Origin: null", b"Authorization: Bearer \xe2\x98\x83", b"If-None-Match: \"", b"Accept: */*;q=2,text/html;q=",
)  # fmt: skip
BODIES: Final = (
    b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"ffffffffffffffff\r\n", b"-1\r\n", b"zz\r\n",
    b"0\r\nX: y\r\n\r\n",
    b"5;ext=\"\xff\"\r\nhello\r\n0\r\n\r\n", b"\x00" * 100, b"x" * 200_000,
)  # fmt: skip
PREFACES: Final = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12),
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x00" * 64,
    b"\r\n" * 50,
    b"EHLO arena\r\n",
)
EDGES: Final = (0, 1, 2, 125, 126, 127, 1_000, 65_535, 65_536, 140_000)


class Kind(StrEnum):
    """What an attempt looks like."""

    REQUEST = "an HTTP request"
    PIPELINE = "several requests at once"
    OTHER = "another protocol"
    HANDSHAKE = "a request for a websocket"
    FRAMES = "frames of a websocket"
    NOISE = "noise"


class Ending(StrEnum):
    """How its client leaves."""

    WAITS = "waits until it is left"
    CLOSES = "closes"
    HALF_CLOSES = "closes its side and reads on"
    RESETS = "resets the connection"
    IGNORES = "never reads"


@dataclass(frozen=True)
class Attempt:
    """Bytes to send, piece by piece, and what then.

    Attributes:
        opens: whether a websocket is opened in order first.
    """

    kind: Kind
    pieces: tuple[bytes, ...]
    ending: Ending
    opens: bool = False


def draw(random: Random) -> Attempt:
    """The next attempt."""
    kind = random.choice(list(Kind))
    data = _MAKERS[kind](random)
    if random.random() < 0.5:
        data = mutated(random, data)
    return Attempt(kind, cut(random, data), random.choice(list(Ending)), opens=kind is Kind.FRAMES)


def mutated(random: Random, data: bytes) -> bytes:
    """The same with a few faults."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randint(0, len(changed))
        length = random.choice((1, 1, 1, 2, 8, 50))
        match random.randint(0, 5):
            case 0 if place < len(changed):
                changed[place] ^= 1 << random.randint(0, 7)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = random.randbytes(length)
            case 3:
                changed[place:place] = changed[place : place + length]
            case 4:
                del changed[place:]
            case 5:
                changed[place : place + length] = bytes(length)
    return bytes(changed)


def cut(random: Random, data: bytes) -> tuple[bytes, ...]:
    """In one piece, in some, or byte by byte at first."""
    match random.randint(0, 2):
        case 0:
            return (data,)
        case 1:
            places = sorted(random.randint(0, len(data)) for _ in range(random.randint(1, 5)))
            return tuple(data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True))
    return (*(data[place : place + 1] for place in range(min(60, len(data)))), data[60:])


def _request(random: Random) -> bytes:
    is_good = random.random() < 0.5
    line = b" ".join(
        (b"GET", b"/hello", b"HTTP/1.1")
        if is_good
        else (random.choice(METHODS), random.choice(TARGETS), random.choice(VERSIONS))
    )
    headers = [b"Host: arena"] if random.random() < 0.8 else []
    headers += random.choices(HEADERS, k=random.randint(0, 4))
    ending = random.choice((b"\r\n", b"\r\n", b"\r\n", b"\n"))
    return ending.join([line, *headers, b"", b""]) + random.choice(BODIES)


def _pipeline(random: Random) -> bytes:
    return b"".join(_request(random) for _ in range(random.randint(2, 6)))


def _other(random: Random) -> bytes:
    return random.choice(PREFACES) + random.choice((b"", _request(random)))


def _handshake(random: Random) -> bytes:
    lines = upgrade().split(b"\r\n")[:-2]
    for _ in range(random.randint(0, 2)):
        place = random.randrange(len(lines))
        match random.randint(0, 3):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, lines[place])
            case 2:
                lines.insert(max(1, place), random.choice(HEADERS))
            case 3:
                lines[place] = lines[place].partition(b":")[0] + b": " + random.randbytes(8).hex().encode()
        if not lines:
            break
    return b"\r\n".join([*lines, b"", b""]) + _frames(random)


def _frames(random: Random) -> bytes:
    return b"".join(_frame(random) for _ in range(random.randint(1, 12)))


def _frame(random: Random) -> bytes:
    opcode = random.choice((TEXT, TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG, random.randint(0, 15)))
    size = random.choice(EDGES) if random.random() < 0.1 else random.randint(0, 200)
    payload = random.choice((b"a" * size, random.randbytes(size), ("é" * size).encode()[:size]))
    if opcode == CLOSE and random.random() < 0.7:
        payload = random.choice((1000, 1001, 1005, 999, 4000, 0)).to_bytes(2, "big") + payload[:123]
    return frame(
        opcode,
        payload,
        fin=random.random() < 0.7,
        reserved=random.choice((0, 0, 0, 0, 0, 0, 0, random.randint(0, 7))),
        mask=None if random.random() < 0.03 else random.randbytes(4),
        length_bytes=random.choice((2, 8)) if random.random() < 0.1 and size < 65_536 else None,
    )


def _noise(random: Random) -> bytes:
    return random.randbytes(random.randint(1, 3_000))


_MAKERS: Final[dict[Kind, Callable[[Random], bytes]]] = {
    Kind.REQUEST: _request,
    Kind.PIPELINE: _pipeline,
    Kind.OTHER: _other,
    Kind.HANDSHAKE: _handshake,
    Kind.FRAMES: _frames,
    Kind.NOISE: _noise,
}
