"""Access tokens: JSON Web Tokens that name a wallet, its user and their session (RFC 7519, HS256).

A token carries the id of the key that signed it (`kid`), so that the key can be changed while tokens of the
old one run out: `Tokens(current, previous=[...])`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import time
from typing import Final
from uuid import UUID

import jwt

from arena.edge.identity import Identity
from arena.problems import Problem

AUDIENCE: Final = "arena"
MAX_TOKEN_LENGTH: Final = 2048
_ALGORITHM: Final = "HS256"
_CLAIMS: Final = ("sub", "uid", "sid", "iat", "exp", "iss", "aud")


class TokenRefused(Problem):
    """401: the token is not, or no longer, one of ours."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, "Sign in first", 401, detail)


def token_missing() -> TokenRefused:
    return TokenRefused("token_missing", "Send a token: Authorization: Bearer …")


def token_invalid() -> TokenRefused:
    # one answer for every reason: whoever tries to forge a token learns nothing
    return TokenRefused("token_invalid", "The token is not valid. Sign in again.")


def token_expired() -> TokenRefused:
    return TokenRefused("token_expired", "The token has run out. Refresh it, or sign in again.")


def token_revoked() -> TokenRefused:
    return TokenRefused("token_revoked", "This session has ended. Sign in again.")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    token: str
    identity: Identity


class Tokens:
    """Issues and reads access tokens. Pure: whether a session has ended is for the database to say.

    Args:
        secret: of at least 32 characters; signs new tokens.
        issuer: the server's public URL.
        lifetime: seconds.
        previous: secrets whose tokens are still accepted.
        clock: Unix seconds.
    """

    def __init__(
        self,
        secret: str,
        *,
        issuer: str,
        lifetime: int,
        previous: Iterable[str] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        self._kid = key_id(secret)
        self._secrets = {key_id(known): known for known in (*previous, secret)}
        self._issuer = issuer
        self._lifetime = lifetime
        self._clock = clock

    def issue(self, user_id: UUID, wallet: str, sid: UUID, *, until: float | None = None) -> IssuedToken:
        """A token of a session that ends at ``until``, in Unix seconds: no token outlives its session."""
        now = int(self._clock())
        expires_at = now + self._lifetime if until is None else min(now + self._lifetime, int(until))
        identity = Identity(user_id, wallet, sid, expires_at)
        claims = {
            "sub": wallet,
            "uid": str(user_id),
            "sid": str(identity.sid),
            "iat": now,
            "exp": identity.expires_at,
            "iss": self._issuer,
            "aud": AUDIENCE,
        }
        token = jwt.encode(claims, self._secrets[self._kid], algorithm=_ALGORITHM, headers={"kid": self._kid})
        return IssuedToken(token, identity)

    def read(self, token: str) -> Identity:
        """Whom the token names.

        Raises:
            TokenRefused: forged, malformed, of an unknown key or of another server (`token_invalid`), or
                too old (`token_expired`).
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise token_invalid()
        try:
            secret = self._secrets[str(jwt.get_unverified_header(token).get("kid"))]
            claims = jwt.decode(
                token,
                secret,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # time is ours to judge, by the injected clock
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
            identity = Identity(
                UUID(claims["uid"]), str(claims["sub"]), UUID(claims["sid"]), int(claims["exp"])
            )
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError):
            raise token_invalid() from None
        if identity.expires_at <= self._clock():
            raise token_expired()
        return identity


def key_id(secret: str) -> str:
    """A short public name of a secret, from which the secret cannot be learned."""
    return hashlib.sha256(b"arena token key\0" + secret.encode()).hexdigest()[:12]


def bearer(header: str | None) -> str:
    """The token of an Authorization header (RFC 6750).

    Raises:
        TokenRefused: there is none.
    """
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise token_missing()
    return token.strip()
