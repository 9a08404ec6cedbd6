"""The web app: its page at every address that it knows, and its files."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from quart import Blueprint, Response, request
from quart_schema import hide
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import NotFound

from arena.http.caching import FOR_EVER, REVALIDATE
from arena.web import Asset, load_bundle

blueprint = Blueprint("pages", __name__)

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # wallets give their icons as data
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # markup is made of the app's own templates in one place alone: app/lib/html.js
        "require-trusted-types-for 'script'",
        "trusted-types arena",
    )
)
ADDRESSES: Final = (
    "/bots/<bot_id>",
    "/open",
    "/leaderboards",
    "/players/<address>",
    "/me",
    "/operations",
)
"""Pages of the app besides `/`. What they show the app asks the API for."""


def wants_page() -> bool:
    """Whether the client is a browser that shows pages, rather than a program."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"] and "text/html" in accepted.values()


def page(status: int = 200) -> Response:
    """The app, which finds its way by the address."""
    shell = load_bundle().shell
    response = _answer(shell, REVALIDATE, status)
    response.headers["Content-Security-Policy"] = POLICY
    return response


async def at_address(**_parts: str) -> Response:
    """A page of the app."""
    return page()


for _address in ADDRESSES:
    blueprint.add_url_rule(_address, view_func=hide(at_address))


@blueprint.get("/assets/<path:path>")
@hide
async def asset(path: str) -> Response:
    """A file of the app. It is never another one: its address has the hash of all files."""
    found = load_bundle().assets.get(path)
    if found is None:
        raise NotFound
    return _answer(found, FOR_EVER)


def _answer(asset: Asset, control: str, status: int = 200) -> Response:
    tag = sha256(asset.body).hexdigest()[:32]
    if status == 200 and request.if_none_match.contains_weak(tag):
        response = TrioResponse(status=304)
        response.headers.pop("Content-Type", None)
    elif request.accept_encodings["gzip"] > 0:
        response = TrioResponse(asset.compressed, status=status, content_type=asset.content_type)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = TrioResponse(asset.body, status=status, content_type=asset.content_type)
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = control
    response.headers.add("Vary", "Accept-Encoding")
    return response
