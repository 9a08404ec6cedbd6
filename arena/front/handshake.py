"""The opening handshake of a websocket (RFC 6455 §4), from a request that has been read."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidUpgrade
from websockets.headers import parse_subprotocol
from websockets.http11 import Request
from websockets.server import ServerProtocol
from werkzeug.datastructures import Headers as HttpHeaders

from arena.problems import Problem

MAX_SUBPROTOCOLS: Final = 16
_SILENT: Final = logging.Logger("arena.front.handshake", level=logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request to go on as something else than HTTP.

    Attributes:
        target: as it was sent, with its query.
        headers: in their order.
        early: what came after the request.
    """

    target: bytes
    headers: list[tuple[bytes, bytes]]
    early: bytes

    @property
    def path(self) -> str:
        return unquote(self.target.partition(b"?")[0].decode("ascii", "replace"))

    def http_headers(self) -> HttpHeaders:
        return HttpHeaders(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]
        )


@dataclass(frozen=True, slots=True)
class Handshake:
    """A valid one.

    Attributes:
        key: to answer with, Sec-WebSocket-Accept.
        offered: the client's subprotocols, in their order.
    """

    key: str
    offered: tuple[str, ...]

    def response(self, subprotocol: str | None) -> bytes:
        """What accepts it."""
        chosen = "" if subprotocol is None else f"Sec-WebSocket-Protocol: {subprotocol}\r\n"
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {self.key}\r\n{chosen}\r\n"
        ).encode()


def read_handshake(upgrade: Upgrade) -> Handshake:
    """Check the request.

    Raises:
        Problem: `upgrade_required` or `handshake_invalid`: to be answered.
    """
    headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in upgrade.headers])
    protocol = ServerProtocol(logger=_SILENT)
    if headers.get_all("Sec-WebSocket-Version") not in (["13"], []):
        raise Problem("upgrade_required", "A websocket is needed", 426, "This server speaks version 13.")
    try:
        key, _, _ = protocol.process_request(Request(upgrade.path, headers))
        offered = [
            name for value in headers.get_all("Sec-WebSocket-Protocol") for name in parse_subprotocol(value)
        ]
    except InvalidUpgrade:
        raise Problem(
            "upgrade_required", "A websocket is needed", 426, "Ask for an upgrade to `websocket`."
        ) from None
    except InvalidHandshake as error:
        raise Problem("handshake_invalid", "This is not a valid handshake", 400, str(error)) from None
    if len(offered) > MAX_SUBPROTOCOLS:
        raise Problem("handshake_invalid", "This is not a valid handshake", 400, "Too many subprotocols.")
    return Handshake(key, tuple(offered))
