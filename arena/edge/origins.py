"""From which web pages the server may be used."""

from __future__ import annotations

from urllib.parse import urlsplit

from arena.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def origin_allowed(settings: Settings, origin: str) -> bool:
    """Whether pages of this origin (an Origin header's value) may use the API and the websockets.

    A server on a loopback address is the same under all its names.
    """
    allowed = settings.allowed_origins
    if "*" in allowed or origin in allowed:
        return True
    return any(alias in allowed for alias in _aliases(origin))


def page_origin(settings: Settings, origin: str | None) -> str:
    """The origin that a wallet will see: that of the page if it is allowed, else our own."""
    if origin is not None and origin_allowed(settings, origin) and _is_web(origin):
        return origin
    url = urlsplit(settings.public_url)
    return f"{url.scheme}://{url.netloc}"


def _aliases(origin: str) -> list[str]:
    try:
        url = urlsplit(origin)
        port = url.port
    except ValueError:
        return []
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    if host not in _LOOPBACK or origin != f"{url.scheme}://{url.netloc}":
        return []
    suffix = "" if port is None else f":{port}"
    return [f"{url.scheme}://{alias}{suffix}" for alias in _LOOPBACK]


def _is_web(origin: str) -> bool:
    try:
        url = urlsplit(origin)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and bool(url.netloc) and origin == f"{url.scheme}://{url.netloc}"
