"""Whole HTTP/1.1 responses for what never gets as far as the application: the same problems, headers and all."""

from __future__ import annotations

import math
from http import HTTPStatus
from json import dumps
from typing import Final

from werkzeug.datastructures import Headers

from arena.http.headers import secure
from arena.http.problems import MEDIA_TYPE
from arena.problems import Problem
from arena.settings import Settings

_MALFORMED: Final = {
    400: Problem("bad_request", "This is not a valid request", 400, "It is not HTTP/1.1."),
    431: Problem("headers_too_large", "The headers are too large", 431, "Send fewer or shorter headers."),
    501: Problem("bad_request", "This is not a valid request", 400, "The Transfer-Encoding is unknown."),
    505: Problem("version_unsupported", "Not this version", 505, "This server speaks HTTP/1.1."),
}


def malformed(status: int) -> Problem:
    """The problem of a request that is no request, by the status that HTTP has for it."""
    return _MALFORMED.get(status, _MALFORMED[400])


def refusal(problem: Problem, settings: Settings) -> bytes:
    """The response that tells of a problem; the connection is closed after it."""
    body = dumps(problem.document(None)).encode()
    headers = Headers(
        [
            ("Content-Type", MEDIA_TYPE),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
    )
    retry_after = problem.extra.get("retry_after")
    if isinstance(retry_after, int | float):
        headers["Retry-After"] = str(math.ceil(retry_after))
    match problem.status:
        case 401:
            headers["WWW-Authenticate"] = 'Bearer realm="arena"'
        case 426:
            headers["Upgrade"] = "websocket"
            headers["Sec-WebSocket-Version"] = "13"
    secure(headers, settings)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    status = HTTPStatus(problem.status)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}\r\n".encode("latin-1") + body
