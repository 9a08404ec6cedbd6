"""Answers that a client need not be sent again: strong entity tags and `304 Not Modified` (RFC 9110)."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Self

from pydantic import BaseModel
from quart import Response, request
from quart_trio.wrappers import TrioResponse
from werkzeug.datastructures import Headers
from werkzeug.http import parse_etags

REVALIDATE: Final = "public, no-cache"
"""Anybody may keep it, and has to ask each time whether it is still so."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""It will not change any more."""
PRIVATE: Final = "private, no-cache"
"""As `REVALIDATE`, for one reader alone."""


@dataclass(frozen=True, slots=True)
class Representation:
    """JSON under its tag, which is another one for every other JSON."""

    body: bytes
    tag: str

    @classmethod
    def of(cls, model: BaseModel) -> Self:
        return cls.of_json(model.__pydantic_serializer__.to_json(model))

    @classmethod
    def of_json(cls, body: bytes) -> Self:
        return cls(body, f'"{blake2b(body, digest_size=16).hexdigest()}"')

    def answer(self, asked: Headers, control: str = REVALIDATE) -> tuple[int, Headers, bytes]:
        """Status, headers and body for a request with these headers: no body if the client has it already."""
        headers = Headers([("ETag", self.tag), ("Cache-Control", control)])
        if self._is_known(asked.get("If-None-Match")):
            return 304, headers, b""
        headers.add("Content-Type", "application/json")
        headers.add("Content-Length", str(len(self.body)))
        return 200, headers, self.body

    def _is_known(self, tags: str | None) -> bool:
        return tags == self.tag or parse_etags(tags).contains_weak(self.tag[1:-1])


def cached_answer(model: BaseModel, *, control: str = REVALIDATE) -> Response:
    """The model as JSON under a tag; or, if the client has it already, nothing but that."""
    return response_of(Representation.of(model), control)


def tagged(body: bytes, *, control: str = REVALIDATE) -> Response:
    """The same for JSON that is there already."""
    return response_of(Representation.of_json(body), control)


def response_of(found: Representation, control: str = REVALIDATE) -> Response:
    """Its answer to the current request."""
    status, headers, body = found.answer(request.headers, control)
    response = TrioResponse(body, status=status, headers=headers)
    if status == 304:
        for name in ("Content-Type", "Content-Length"):
            response.headers.pop(name, None)
    return response
