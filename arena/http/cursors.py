"""Cursors: where the next page of a list begins, as a text that clients hand back as it is.

A cursor holds nothing that its reader has not seen, and leads to nothing that they may not see; so it is checked, not
signed. It belongs to one list: with other filters or another order it is refused.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import Annotated, Final, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from arena.edge.encoding import Address
from arena.problems import Problem

MAX_CURSOR: Final = 512
"""Characters; ours are much shorter."""

CursorNumber = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""What a `bigint` holds."""

T = TypeVar("T")

NUMBER: Final = TypeAdapter(tuple[CursorNumber, UUID])
TIME: Final = TypeAdapter(tuple[AwareDatetime, UUID])
ID: Final = TypeAdapter(UUID)
AMOUNT: Final = TypeAdapter(tuple[CursorNumber, Address])
_PARTS: Final = TypeAdapter(tuple[str, object])


def encode(scope: str, value: object) -> str:
    """The cursor to ``value``, a JSON-able place in the list ``scope``."""
    return base64.urlsafe_b64encode(to_json([_mark(scope), value])).rstrip(b"=").decode()


def decode(cursor: str, scope: str, kind: TypeAdapter[T]) -> T:
    """The place that a cursor of the list ``scope`` leads to.

    Raises:
        Problem: 422 `cursor_invalid`.
    """
    if len(cursor) > MAX_CURSOR:
        raise _invalid("It is none of ours.")
    try:
        data = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        mark, value = _PARTS.validate_json(data)
    except (binascii.Error, ValidationError, UnicodeEncodeError):
        raise _invalid("It is none of ours.") from None
    if mark != _mark(scope):
        raise _invalid(
            "It belongs to a list with other filters or another order. Begin this one without a cursor."
        )
    try:
        return kind.validate_json(to_json(value), strict=True)
    except ValidationError:
        raise _invalid("It is none of ours.") from None


def _mark(scope: str) -> str:
    return sha256(scope.encode()).hexdigest()[:12]


def _invalid(detail: str) -> Problem:
    return Problem("cursor_invalid", "This cursor leads nowhere", 422, detail)
