"""Refresh tokens: random texts that are exchanged for the next one, once each. Pure functions.

The database has only their hashes. The next token follows from the present one and the id of the request that exchanges
it: the same request, sent again because its answer was lost, gets the same token, and nobody else can make such a
request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final
from uuid import UUID, uuid4

from arena.edge.tokens import TokenRefused

PREFIX: Final = "arena_refresh_"
"""So that people and scanners know one where they should not see it."""


def new_refresh_token() -> str:
    return _text(secrets.token_bytes(32))


def successor(token: str, request_id: UUID | None) -> str:
    """What `token` is exchanged for by this request; without an id, by this one attempt."""
    return _text(hmac.digest(token.encode(), (request_id or uuid4()).bytes, "sha256"))


def digest(token: str) -> bytes:
    """What is stored of a token. It is found by that, so no comparison's time tells anything of it."""
    return hashlib.sha256(token.encode()).digest()


def refresh_token_invalid() -> TokenRefused:
    # one answer for unknown, used, expired and logged out
    return TokenRefused("refresh_token_invalid", "The refresh token is not valid any more. Sign in again.")


def _text(secret: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
