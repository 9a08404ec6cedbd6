"""What goes wrong for a user, in one type that the game raises and HTTP and websockets render."""

from __future__ import annotations

import re
from collections.abc import Mapping

_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")
_RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code"})


class Problem(Exception):
    """A refusal that the caller is told about, after RFC 9457 (problem details for HTTP APIs).

    ``code`` is stable and for programs (snake_case); ``title`` is the same for every problem of this code;
    ``status`` is the HTTP status; ``detail`` is about this one occurrence; ``extra`` are further members of
    the document, JSON-able. None of them may hold a secret.
    """

    def __init__(
        self,
        code: str,
        title: str,
        status: int,
        detail: str = "",
        extra: Mapping[str, object] | None = None,
    ) -> None:
        if not _CODE.match(code):
            raise ValueError(f"a problem's code is snake_case: {code!r}")
        if not 400 <= status <= 599:
            raise ValueError(f"a problem's status is an HTTP error: {status}")
        self.code = code
        self.title = title
        self.status = status
        self.detail = detail
        self.extra: Mapping[str, object] = dict(extra or {})
        if clash := _RESERVED & self.extra.keys():
            raise ValueError(f"extra members may not replace {sorted(clash)}")
        super().__init__(code, title, status, detail, self.extra)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail or self.title}"

    def document(self, instance: str | None = None) -> dict[str, object]:
        """The problem document (``application/problem+json``)."""
        document: dict[str, object] = {
            "type": f"urn:arena:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            document["detail"] = self.detail
        if instance is not None:
            document["instance"] = instance
        return {**document, **self.extra}


def not_found(what: str, detail: str = "") -> Problem:
    """404 ``<what>_not_found``; ``what`` is a snake_case noun."""
    return Problem(f"{what}_not_found", f"No such {what.replace('_', ' ')}", 404, detail)


def forbidden(detail: str) -> Problem:
    """403: who asks is known and may not do this."""
    return Problem("forbidden", "Not allowed", 403, detail)


def unavailable(what: str, detail: str = "", retry_after: int = 1) -> Problem:
    """503 ``<what>_unavailable``: try again in ``retry_after`` seconds."""
    return Problem(
        f"{what}_unavailable",
        f"The {what.replace('_', ' ')} is not available",
        503,
        detail,
        {"retry_after": retry_after},
    )


def internal_error() -> Problem:
    """500: a fault of ours, of which nothing more is told."""
    return Problem("internal_error", "Something went wrong", 500, "This is our fault. Try again.")
