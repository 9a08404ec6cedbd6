"""Who sends a request: the bearer token of RFC 6750."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from quart import Response, request
from quart_schema import document_response, security_scheme

from arena.edge.identity import Identity
from arena.edge.rate_limits import Scope
from arena.edge.tokens import bearer
from arena.http.context import front
from arena.http.schemas import ProblemDocument

P = ParamSpec("P")
SCHEME = "bearer"

Handler = Callable[Concatenate[Identity, P], Awaitable[Response]]


def authenticated(handler: Handler[P]) -> Callable[P, Awaitable[Response]]:
    """Hand the caller's identity to the handler as its first argument.

    Raises:
        TokenRefused: 401, see `arena.edge.tokens`.
        Problem: 429 `rate_limited`.
    """

    @wraps(handler)
    async def handle(*args: P.args, **kwargs: P.kwargs) -> Response:
        token = bearer(request.headers.get("Authorization"))
        identity = await front().authenticator.authenticate(token)
        front().limits.check(Scope.REQUESTS_WALLET, identity.wallet)
        return await handler(identity, *args, **kwargs)

    return _documented(handle)


def operators_only(handler: Handler[P]) -> Callable[P, Awaitable[Response]]:
    """As `authenticated`, for the wallets that operate this arena; also while the database is away, if it can be.

    Raises:
        Problem: 403 `forbidden`.
    """

    @wraps(handler)
    async def handle(*args: P.args, **kwargs: P.kwargs) -> Response:
        token = bearer(request.headers.get("Authorization"))
        return await handler(await front().authenticator.authenticate_operator(token), *args, **kwargs)

    document_response(ProblemDocument, 403)(handle)
    return _documented(handle)


def _documented(handle: Callable[P, Awaitable[Response]]) -> Callable[P, Awaitable[Response]]:
    security_scheme([{SCHEME: []}])(handle)
    document_response(ProblemDocument, 401)(handle)
    return handle
