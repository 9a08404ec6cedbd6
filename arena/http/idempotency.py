"""Writes that a client may repeat: with an `Idempotency-Key` the same request is done once and answered the same.

A request that failed has not been done, so its key is free again. What a process was doing when it died is taken over
after two minutes by whoever repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Annotated, Final

import structlog
import trio
from pydantic import BaseModel, Field
from quart import Response, g, request
from quart_trio.wrappers import TrioResponse

from arena.http.context import front
from arena.problems import Problem
from arena.store import idempotency
from arena.store.idempotency import Claimed, Exhausted, InProgress, Mismatch, Replay
from persistence import DatabaseUnavailable

log = structlog.get_logger(__name__)

HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_FINISH_TIMEOUT: Final = 5.0
"""Seconds for remembering what came of a request, also when its client has gone."""


class KeyHeader(BaseModel):
    """For the description of the API."""

    idempotency_key: Annotated[str, Field(max_length=200, pattern=r"^[\x21-\x7e]+$")] | None = Field(
        default=None, description="the same request with the same key is done once; kept for 24 hours"
    )


async def once(owner: str, perform: Callable[[], Awaitable[Response]]) -> Response:
    """Do what the current request asks for, or answer as it was answered before.

    Args:
        owner: whose key it is; keys of different owners have nothing to do with each other.
        perform: what is asked for. Requests are told apart by method, path and body.

    Raises:
        Problem: `idempotency_key_invalid`, `idempotency_key_reused`, `idempotency_in_progress`,
            `idempotency_keys_exhausted`; and what `perform` raises.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await perform()
    if not _KEY.fullmatch(key):
        raise Problem(
            "idempotency_key_invalid", "This is no key", 422, f"{HEADER}: 1 to 200 visible ASCII characters."
        )
    database = front().services.database
    asked = f"{request.method} {request.path}\n".encode() + g.get("body", b"")
    match await idempotency.claim(database, owner, key, sha256(asked).digest()):
        case Replay(status, body, location):
            return _replayed(status, body, location)
        case Claimed():
            return await _perform(owner, key, perform)
        case Mismatch():
            raise Problem(
                "idempotency_key_reused",
                "This key belongs to another request",
                422,
                "Give every request a key of its own, and repeat it as it was.",
            )
        case InProgress():
            raise Problem(
                "idempotency_in_progress",
                "This request is being worked on",
                409,
                "Repeat it a little later to get its answer.",
                {"retry_after": 1},
            )
        case Exhausted():
            raise Problem(
                "idempotency_keys_exhausted",
                "Too many keys",
                429,
                f"At most {idempotency.MAX_KEYS} are remembered at a time, for 24 hours each.",
                {"retry_after": 3600},
            )


async def _perform(owner: str, key: str, perform: Callable[[], Awaitable[Response]]) -> Response:
    database = front().services.database
    try:
        response = await perform()
        body = await response.get_data(as_text=False)
    except BaseException:
        await _whatever_happens(idempotency.release(database, owner, key))
        raise
    await _whatever_happens(
        idempotency.finish(
            database,
            owner,
            key,
            status=response.status_code,
            response=body,
            location=response.headers.get("Location"),
        )
    )
    return response


async def _whatever_happens(remember: Awaitable[None]) -> None:
    """In an outage the claim stays, and is taken over later."""
    with trio.move_on_after(_FINISH_TIMEOUT, shield=True) as scope:
        try:
            await remember
        except DatabaseUnavailable as outage:
            log.warning("idempotency_key_kept", reason=str(outage))
    if scope.cancelled_caught:
        log.warning("idempotency_key_kept", reason="it took too long")


def _replayed(status: int, body: bytes, location: str | None) -> Response:
    response = TrioResponse(body, status=status, content_type="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    if location is not None:
        response.headers["Location"] = location
    return response
