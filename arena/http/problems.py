"""Every error as a problem document (RFC 9457), with the request's id and without anything from inside."""

from __future__ import annotations

import math

import structlog
from pydantic import ValidationError
from quart import Quart, Response, g, has_request_context, request
from quart.json import dumps
from quart_trio.wrappers import TrioResponse
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from arena.edge.failures import as_problem
from arena.http.pages import page, wants_page
from arena.problems import Problem, internal_error

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
"""Wrong fields that are told of one request."""

_HTTP = {
    400: ("bad_request", "This is not a valid request"),
    404: ("not_found", "There is nothing here"),
    405: ("method_not_allowed", "Not with this method"),
    408: ("request_timeout", "The request took too long"),
    413: ("body_too_large", "The body is too large"),
    415: ("media_type_unsupported", "Send JSON"),
}


def install(app: Quart) -> None:
    """Answer every exception that leaves a handler of this app, websocket handshakes included."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def invalid(error: ValidationError, where: str) -> Problem:
    """422 `validation_failed`: which fields are wrong, and how, but not what was sent."""
    errors = [
        {
            "field": ".".join([where, *(str(part) for part in problem["loc"])]),
            "message": problem["msg"].removeprefix("Value error, "),
        }
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[
            :MAX_ERRORS
        ]
    ]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors[:3])
    return Problem("validation_failed", "The request is not valid", 422, detail, {"errors": errors})


def render(problem: Problem) -> Response:
    """The response for a problem."""
    status, headers, body = parts(problem, g.get("request_id") if has_request_context() else None)
    return TrioResponse(body, status=status, headers=headers)


def parts(problem: Problem, request_id: str | None) -> tuple[int, Headers, bytes]:
    """Status, headers and body of it."""
    body = dumps(problem.document(request_id)).encode()
    headers = Headers([("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body)))])
    retry_after = problem.extra.get("retry_after")
    if isinstance(retry_after, int | float):
        headers["Retry-After"] = str(math.ceil(retry_after))
    match problem.status:
        case 401:
            headers["WWW-Authenticate"] = 'Bearer realm="arena"'
        case 426:
            headers["Upgrade"] = "websocket"
            headers["Sec-WebSocket-Version"] = "13"
    return problem.status, headers, body


def problem_of(error: Exception, path: str | None, request_id: str | None) -> Problem:
    """The problem to answer with. An error that nobody expected is logged."""
    problem = as_problem(error)
    if problem is None:
        log.error("a request failed", path=path, request_id=request_id, exc_info=error)
        problem = internal_error()
    return problem


async def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        # a redirect is an exception, too
        return error.get_response()  # type: ignore[return-value]
    if status >= 500:
        return await _unexpected(error)
    if status == 404 and has_request_context() and request.method in ("GET", "HEAD") and wants_page():
        return page(404)
    code, title = _HTTP.get(status, ("request_refused", "The request was refused"))
    response = render(Problem(code, title, status))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


async def _unexpected(error: Exception) -> Response:
    path = request.path if has_request_context() else None
    return render(problem_of(error, path, g.get("request_id")))
