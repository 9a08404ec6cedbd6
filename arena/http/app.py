"""The HTTP application."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast
from uuid import uuid4

from hypercorn.typing import ASGIFramework
from quart import Response, g, request
from quart_trio import QuartTrio

from arena.edge.authentication import Authenticator
from arena.game.services import Services
from arena.http import (
    admin,
    admin_bots,
    admin_operations,
    auth,
    bots,
    chain,
    chats,
    credentials,
    faucet,
    health,
    index,
    leaderboards,
    messages,
    metrics,
    playing,
    problems,
    proof,
    users,
)
from arena.http.context import Front, set_front
from arena.http.faucet_limits import FaucetLimits
from arena.http.openapi import openapi
from arena.http.request_end import RequestEnd

API_PREFIX = "/api/v1"
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT = 30
"""Seconds in which a body has to arrive."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def create_app(services: Services) -> QuartTrio:
    """The application over these services. `/ws/…` is added by `arena.ws.routes.add_websockets`."""
    app = QuartTrio("arena", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT
    app.url_map.strict_slashes = False
    set_front(app, Front(services, Authenticator.of(services), FaucetLimits()))
    problems.install(app)
    openapi(_version()).init_app(app)
    _register(app)
    app.asgi_app = RequestEnd(cast("ASGIFramework", app.asgi_app))  # type: ignore[method-assign]
    app.before_request(_begin)
    app.after_request(_finish)
    return app


def describe_api() -> dict[str, Any]:
    """The OpenAPI document, without anything running."""
    app = QuartTrio("arena", static_folder=None)
    schema = openapi(_version())
    schema.init_app(app)
    _register(app)
    document: dict[str, Any] = schema.openapi_provider.schema()
    return document


def _register(app: QuartTrio) -> None:
    for topic in (
        auth,
        users,
        leaderboards,
        bots,
        credentials,
        messages,
        playing,
        proof,
        chain,
        chats,
        health,
        faucet,
    ):
        app.register_blueprint(topic.blueprint, url_prefix=API_PREFIX)
    for topic in (admin, admin_bots, admin_operations, metrics, index):
        app.register_blueprint(topic.blueprint)


async def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex


async def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)  # the framework's default, of nothing
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def _version() -> str:
    try:
        return version("sarpoy-arena")
    except PackageNotFoundError:
        return "0"
