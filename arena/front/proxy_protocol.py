"""The PROXY protocol, in which a proxy says whom it speaks for before it passes anything on.

Versions 1 and 2, https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from arena.front.transport import Address

MAX_HEADER: Final = 536
"""Bytes of a header that is read: 16 and, in version 2, addresses and a few extensions."""
_V1: Final = b"PROXY "
_V1_MAX: Final = 107
_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_LOCAL: Final = 0x20
_V2_PROXY: Final = 0x21
_V2_TCP4: Final = 0x11
_V2_TCP6: Final = 0x21


class ProxyHeaderMalformed(Exception):
    """What a proxy sends first is not a PROXY header."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """What the proxy said.

    Attributes:
        client: whom it speaks for; None: itself, such as when it looks whether we are well.
        length: bytes of the header; what follows is the client's.
    """

    client: Address | None
    length: int


def parse(data: bytes) -> ProxyHeader | None:
    """The header at the beginning of `data`; None: more is needed.

    Raises:
        ProxyHeaderMalformed: it is none, or a longer one than anybody needs.
    """
    if _V2.startswith(data[: len(_V2)]):
        return _parse_v2(data)
    if _V1.startswith(data[: len(_V1)]):
        return _parse_v1(data)
    raise ProxyHeaderMalformed


def _parse_v1(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_V1_MAX].partition(b"\r\n")
    if not end:
        if len(data) >= _V1_MAX:
            raise ProxyHeaderMalformed
        return None
    length = len(line) + 2
    match line.split(b" "):
        case [_, b"UNKNOWN", *_]:
            return ProxyHeader(None, length)
        case [_, b"TCP4" | b"TCP6" as family, source, _, port, _]:
            return ProxyHeader(_address(source, port, 4 if family == b"TCP4" else 6), length)
    raise ProxyHeaderMalformed


def _address(host: bytes, port: bytes, version: int) -> Address:
    try:
        address = ip_address(host.decode("ascii"))
        number = int(port) if port.isdigit() else -1
    except ValueError:
        raise ProxyHeaderMalformed from None
    if address.version != version or not 0 <= number <= 65_535:
        raise ProxyHeaderMalformed
    return str(address), number


def _parse_v2(data: bytes) -> ProxyHeader | None:
    if len(data) < 16:
        return None
    command, family, length = data[12], data[13], 16 + int.from_bytes(data[14:16], "big")
    if length > MAX_HEADER:
        raise ProxyHeaderMalformed
    if len(data) < length:
        return None
    rest = data[16:length]
    match command, family:
        case (command, _) if command == _V2_LOCAL:
            return ProxyHeader(None, length)
        case (command, family) if command == _V2_PROXY and family == _V2_TCP4 and len(rest) >= 12:
            return ProxyHeader((str(ip_address(rest[:4])), int.from_bytes(rest[8:10], "big")), length)
        case (command, family) if command == _V2_PROXY and family == _V2_TCP6 and len(rest) >= 36:
            return ProxyHeader((str(ip_address(rest[:16])), int.from_bytes(rest[32:34], "big")), length)
        case (command, _) if command == _V2_PROXY:
            return ProxyHeader(None, length)  # of a kind that has no address here: the proxy's counts
    raise ProxyHeaderMalformed
