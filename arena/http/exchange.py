"""What goes with every request and its response, whoever answers: an id, the limits, headers, a line in the log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, Self

import structlog
import trio
from werkzeug.datastructures import Headers

from arena.edge.client_address import client_key
from arena.edge.rate_limits import Scope
from arena.http.context import Front
from arena.http.headers import secure, share

log = structlog.get_logger(__name__)

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response.

    Attributes:
        id: the client's X-Request-Id if that can be one.
        client: its address, as ASGI has it.
    """

    id: str
    began: float
    method: str
    path: str
    headers: Headers
    client: tuple[str, int] | None

    @classmethod
    def begin(cls, method: str, path: str, headers: Headers, client: tuple[str, int] | None) -> Self:
        given = headers.get("X-Request-Id")
        request_id = given if given is not None and _REQUEST_ID.fullmatch(given) else token_hex(16)
        return cls(request_id, trio.current_time(), method, path, headers, client)

    def check_limits(self, front: Front) -> None:
        """Count it. Raises `Problem` `rate_limited`."""
        key = client_key(front.services.settings, self.client, self.headers)
        front.limits.check(Scope.REQUESTS_ADDRESS, key)

    def finish(self, front: Front, *, route: str | None, status: int, headers: Headers) -> None:
        """Complete the headers of the response, and tell of it.

        Args:
            route: and not the path: what is in a path may be anybody's, and there is no end of it.
        """
        settings = front.services.settings
        front.services.traffic.requests += 1
        headers["X-Request-Id"] = self.id
        share(headers, settings, origin=self.headers.get("Origin"), path=self.path)
        secure(headers, settings)
        if settings.arena_access_log:
            log.info(
                "request",
                method=self.method,
                route=route,
                status=status,
                seconds=round(trio.current_time() - self.began, 4),
            )
