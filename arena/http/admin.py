"""`/admin`: looking into the running actor tree, for operators."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import trio
from quart import Blueprint, Response
from quart_schema import document_response

from actors import ActorInfo, DeadLetter, UnknownActor
from arena.edge.actor_listing import ActorFilter, list_actors
from arena.edge.identity import Identity
from arena.edge.redaction import redact, redact_text
from arena.http.admin_schemas import (
    ActorList,
    ActorResponse,
    ActorsQuery,
    ActorSummary,
    DeadLetterList,
    DeadLetterResponse,
    DeadLettersQuery,
)
from arena.http.bearer import operators_only
from arena.http.context import front
from arena.http.schemas import ProblemDocument
from arena.http.validation import answer, query
from arena.problems import not_found

blueprint = Blueprint("admin", __name__)

MAX_ERROR = 500
"""Longest error that is shown, in characters."""


@blueprint.get("/admin/actors")
@document_response(ActorList)
@document_response(ProblemDocument, 404)
@operators_only
@query(ActorsQuery)
async def get_actors(wanted: ActorsQuery, identity: Identity) -> Response:  # noqa: ARG001 -- it has been checked
    """The actor tree, or those of it that are asked for: by path, parents before children.

    An actor that is there and matches all the time is on one page exactly, whatever comes and goes meanwhile.
    """
    system = front().services.system
    chosen = ActorFilter(
        kind=wanted.kind,
        states=wanted.state,
        min_depth=wanted.min_depth,
        failed=wanted.failed,
        handling_for=wanted.handling_for,
        path=wanted.path,
    )
    try:
        found = await list_actors(
            system,
            chosen,
            under=absolute(wanted.under),
            levels=wanted.levels,
            after=wanted.cursor,
            limit=wanted.limit,
        )
    except UnknownActor:
        raise not_found("actor") from None
    return answer(
        ActorList(
            actors=[ActorSummary.model_validate(_values(info)) for info in found.page],
            next_cursor=found.page[-1].path if found.more else None,
            total=found.total,
            by_state=found.by_state,
            by_kind=found.by_kind,
            dead_letters=system.dead_letters.count,
        )
    )


@blueprint.get("/admin/actors/<path:path>")
@document_response(ActorResponse)
@document_response(ProblemDocument, 404)
@operators_only
async def get_actor(identity: Identity, path: str) -> Response:  # noqa: ARG001
    """One actor, with what it says of itself."""
    return answer(actor_at(absolute(path)))


@blueprint.get("/admin/dead-letters")
@document_response(DeadLetterList)
@operators_only
@query(DeadLettersQuery)
async def get_dead_letters(wanted: DeadLettersQuery, identity: Identity) -> Response:  # noqa: ARG001
    """The newest messages that nobody handled: their types, never what was in them."""
    letters = front().services.system.dead_letters
    chosen = [
        letter
        for letter in reversed(letters.recent)
        if wanted.path in letter.path and wanted.reason in (None, letter.reason)
    ]
    return answer(
        DeadLetterList(
            dead_letters=[_dead_letter(letter) for letter in chosen[: wanted.limit]],
            count=letters.count,
            by_reason={reason.value: count for reason, count in letters.counts.items()},
        )
    )


def absolute(path: str) -> str:
    """The path in the tree that a path in a URL stands for."""
    return f"/{path.strip('/')}"


def actor_at(path: str) -> ActorResponse:
    """One node of the tree, as operators may see it.

    Raises:
        Problem: 404 `actor_not_found`.
    """
    try:
        info = front().services.system.info(path)
    except UnknownActor:
        raise not_found("actor") from None
    return ActorResponse.model_validate(_values(info) | {"details": redact(info.details)})


def _values(info: ActorInfo) -> dict[str, object]:
    # what an exception says may be made of anything
    error = None if info.last_error is None else redact_text(info.last_error, MAX_ERROR)
    return {item.name: getattr(info, item.name) for item in fields(info)} | {"last_error": error}


def _dead_letter(letter: DeadLetter) -> DeadLetterResponse:
    age = timedelta(seconds=trio.current_time() - letter.at)
    return DeadLetterResponse(
        path=letter.path,
        message=type(letter.message).__name__,
        reason=letter.reason,
        error=None if letter.error is None else redact_text(_last_line(letter.error), MAX_ERROR),
        at=datetime.now(UTC) - age,
    )


def _last_line(traceback: str) -> str:
    """Where the error itself is said; groups of errors are drawn with lines."""
    lines = (line.strip(" |+-") for line in reversed(traceback.splitlines()))
    return next((line for line in lines if line), "")
