"""Answers that a client need not be sent again: strong entity tags and `304 Not Modified` (RFC 9110)."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from pydantic import BaseModel
from quart import Response, request
from quart_trio.wrappers import TrioResponse

REVALIDATE: Final = "public, no-cache"
"""Anybody may keep it, and has to ask each time whether it is still so."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""It will not change any more."""
PRIVATE: Final = "private, no-cache"
"""As `REVALIDATE`, for one reader alone."""


def cached_answer(model: BaseModel, *, control: str = REVALIDATE) -> Response:
    """The model as JSON under a tag; or, if the client has it already, nothing but that."""
    return tagged(model.model_dump_json().encode(), control=control)


def tagged(body: bytes, *, control: str = REVALIDATE) -> Response:
    """The same for JSON that is there already."""
    tag = sha256(body).hexdigest()[:32]
    if request.if_none_match.contains_weak(tag):
        response = TrioResponse(status=304)
        response.headers.pop("Content-Type", None)
    else:
        response = TrioResponse(body, content_type="application/json")
    response.set_etag(tag)
    response.headers["Cache-Control"] = control
    return response
