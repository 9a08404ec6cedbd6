"""The HTTP application."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from quart import Response, g, request
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from arena.chain.balances import Balances
from arena.edge.authentication import Authenticator
from arena.edge.origins import origin_allowed
from arena.edge.rate_limits import RateLimits
from arena.game.services import Services
from arena.http import (
    admin,
    admin_bots,
    admin_figures,
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
    pages,
    playing,
    problems,
    proof,
    terms,
    users,
    wallets,
    websockets,
)
from arena.http.context import Front, front, set_front
from arena.http.exchange import Exchange
from arena.http.faucet_limits import FaucetLimits
from arena.http.headers import answer_preflight, is_preflight, secure
from arena.http.lingering import lingering
from arena.http.openapi import openapi
from arena.http.shortcut import shortcut
from arena.problems import Problem

log = structlog.get_logger(__name__)

API_PREFIX = "/api/v1"
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT = 30
"""Seconds in which a body has to arrive."""


def create_app(services: Services, limits: RateLimits, authenticator: Authenticator) -> QuartTrio:
    """The application over these services. `arena.ws.routes.add_websockets` adds `/ws/…`, with the same limits and
    authenticator.
    """
    app = QuartTrio("arena", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT
    app.url_map.strict_slashes = False
    front = Front(services, authenticator, FaucetLimits(), limits, Balances(services.client))
    set_front(app, front)
    problems.install(app)
    openapi(_version()).init_app(app)
    _register(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.after_websocket(_finish_handshake)  # type: ignore[type-var]  # its type forgets that it may get None
    app.asgi_app = shortcut(lingering(app.asgi_app), front)  # type: ignore[method-assign, assignment]  # as Quart's docs have it
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
        terms,
        wallets,
        chats,
        health,
        faucet,
    ):
        app.register_blueprint(topic.blueprint, url_prefix=API_PREFIX)
    for topic in (admin, admin_bots, admin_figures, admin_operations, metrics, index, pages, websockets):
        app.register_blueprint(topic.blueprint)


async def _begin() -> Response | None:
    exchange = Exchange.begin(request.method, request.path, request.headers, request.scope["client"])
    g.exchange, g.request_id = exchange, exchange.id
    # each request is a task of its own, so that this is in its lines alone
    structlog.contextvars.bind_contextvars(request_id=exchange.id)
    exchange.check_limits(front())
    if not is_preflight(request.method, request.headers, request.path):
        return None
    if not origin_allowed(front().services.settings, request.headers["Origin"]):
        raise Problem("origin_refused", "Not from here", 403, "Pages of this origin may not use the arena.")
    response = TrioResponse(status=204)
    answer_preflight(response.headers)
    return response


async def _finish(response: Response) -> Response:
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)  # the framework's default, of nothing
    exchange: Exchange = g.exchange
    exchange.finish(
        front(),
        route=request.url_rule.rule if request.url_rule is not None else None,
        status=response.status_code,
        headers=response.headers,
    )
    request.routing_exception = (
        None  # its traceback leads back to the request, which only the collector would find
    )
    return response


async def _finish_handshake(response: Response | None) -> Response | None:
    """Of a websocket that was refused; one that was accepted has no response."""
    if response is not None:
        secure(response.headers, front().services.settings)
    return response


def _version() -> str:
    try:
        return version("sarpoy-arena")
    except PackageNotFoundError:
        return "0"
