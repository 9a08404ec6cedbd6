"""Headers that go with every response: what browsers may do with it, and which pages may read it."""

from __future__ import annotations

from typing import Final

from werkzeug.datastructures import Headers

from arena.edge.origins import origin_allowed
from arena.settings import Settings

_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # nothing here is a page: should a browser take it for one, it does nothing
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, X-Request-Id"
_EXPOSED: Final = "ETag, Idempotency-Replayed, Location, Preference-Applied, Retry-After, X-Request-Id"
PREFLIGHT_SECONDS: Final = 600
_SHARED: Final = ("/api/", "/openapi.json")
"""Paths that pages of other origins may use, if the origin is allowed. What is for operators is not among them."""


def secure(headers: Headers, settings: Settings) -> None:
    """Set what goes with every response; what a handler has set stays."""
    present = {name.lower() for name, _ in headers}
    for name, value in _ALWAYS.items():
        if name.lower() not in present:
            headers.add(name, value)
    if settings.arena_hsts:
        headers.setdefault("Strict-Transport-Security", f"max-age={settings.arena_hsts}")


def share(headers: Headers, settings: Settings, *, origin: str | None, path: str) -> None:
    """Say whether a page of `origin` may read the response: CORS, https://fetch.spec.whatwg.org/#http-cors-protocol.

    Tokens travel in a header that the page sets itself, so browsers are never asked to send credentials of their own.
    """
    if not path.startswith(_SHARED):
        return
    headers.add("Vary", "Origin")
    if origin is not None and origin_allowed(settings, origin):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED


def is_preflight(method: str, headers: Headers, path: str) -> bool:
    """Whether a browser asks, before the request itself, if it may send it."""
    return (
        method == "OPTIONS"
        and path.startswith(_SHARED)
        and "Origin" in headers
        and "Access-Control-Request-Method" in headers
    )


def answer_preflight(headers: Headers) -> None:
    """What may be asked; `share` says of which pages."""
    headers["Access-Control-Allow-Methods"] = _METHODS
    headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
    headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
