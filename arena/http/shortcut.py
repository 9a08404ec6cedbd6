"""A shortcut past the web framework, for reads that are known: see `arena.http.reads`.

The handler of such a read answers with `shared_answer`. After that the same URL is answered here, the same way: same
limits, headers, tags, problems, and the same line in the log.
"""

from __future__ import annotations

from typing import Any, Final

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, Scope
from quart import Response, request
from quart.utils import encode_headers
from structlog.contextvars import bound_contextvars
from werkzeug.datastructures import Headers

from arena.http.caching import response_of
from arena.http.context import Front, front
from arena.http.exchange import Exchange
from arena.http.problems import parts, problem_of
from arena.http.reads import KnownRead, Read

_BODY: Final = (b"content-length", b"transfer-encoding")


async def shared_answer(read: Read) -> Response:
    """Answer the current GET by a read that does not depend on who asks, and the next ones of this URL as well.

    Raises:
        Problem: what the read does.
    """
    assert request.url_rule is not None
    url = (request.scope["raw_path"], request.scope["query_string"])
    found = await front().reads.learn(url, request.url_rule.rule, read).get()
    return response_of(found)


def shortcut(app: ASGIFramework, front: Front) -> ASGIFramework:
    """The application, with known reads answered before they come to it."""

    async def serve(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        known = _known(scope, front)
        if known is None:
            await app(scope, receive, send)
        else:
            await _answer(known, front, scope, send)

    return serve


def _known(scope: Any, front: Front) -> KnownRead | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    known = front.reads.find((scope["raw_path"], scope["query_string"]))
    if known is None or any(name in _BODY for name, _ in scope["headers"]):
        return None
    return known


async def _answer(known: KnownRead, front: Front, scope: Any, send: ASGISendCallable) -> None:
    asked = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
    exchange = Exchange.begin("GET", scope["path"], asked, scope["client"])
    with bound_contextvars(request_id=exchange.id):
        try:
            exchange.check_limits(front)
            status, headers, body = (await known.get()).answer(asked)
        except Exception as error:  # noqa: BLE001 -- answered, and logged if nobody expected it
            status, headers, body = parts(problem_of(error, exchange.path, exchange.id), exchange.id)
        exchange.finish(front, route=known.route, status=status, headers=headers)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": encode_headers(headers),
            "trailers": False,
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
