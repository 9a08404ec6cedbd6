"""Whom to let in: origin, protocol version and token of a request to open a websocket. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arena.edge.identity import Identity
from arena.edge.origins import origin_allowed
from arena.edge.tokens import TokenRefused, Tokens, bearer
from arena.problems import Problem
from arena.settings import Settings
from arena.ws.connection import BEARER_PREFIX, SUBPROTOCOL


@dataclass(frozen=True, slots=True)
class Admission:
    """What came of the request.

    Attributes:
        subprotocol: to answer with; None when the client offered none.
        who: the client, None for anybody, or why it is refused. A browser cannot see the answer to its handshake,
            so a refusal is told after accepting.
    """

    subprotocol: str | None
    who: Identity | Problem | None


def admit(
    settings: Settings,
    tokens: Tokens,
    *,
    origin: str | None,
    offered: Sequence[str],
    authorization: str | None,
    anybody: bool = False,
) -> Admission:
    """Look at the request's Origin, Sec-WebSocket-Protocol and Authorization headers.

    Clients that are no browsers may leave out the first two. `anybody`: the token may be left out, too; one that is
    sent has to be good all the same.

    Raises:
        Problem: to be answered instead of accepting: `origin_refused`, `protocol_unknown`, or, without
            subprotocols, what is wrong with the token.
    """
    if origin is not None and not origin_allowed(settings, origin):
        raise Problem("origin_refused", "Not from here", 403, "Pages of this origin may not connect.")
    token = next(
        (item.removeprefix(BEARER_PREFIX) for item in offered if item.startswith(BEARER_PREFIX)), None
    )
    nobody = anybody and token is None and authorization is None
    if not offered:
        return Admission(None, None if nobody else tokens.read(bearer(authorization)))
    if SUBPROTOCOL not in offered:
        raise Problem(
            "protocol_unknown",
            "Unknown protocol version",
            400,
            f"This server speaks {SUBPROTOCOL}.",
            {"supported": [SUBPROTOCOL]},
        )
    if nobody:
        return Admission(SUBPROTOCOL, None)
    try:
        return Admission(SUBPROTOCOL, tokens.read(token if token is not None else bearer(authorization)))
    except TokenRefused as refusal:
        return Admission(SUBPROTOCOL, refusal)
