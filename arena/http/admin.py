"""`/admin`: the running actor tree, for operators."""

from __future__ import annotations

from dataclasses import asdict

from quart import Blueprint, Response
from quart_schema import document_response

from actors import ActorInfo, UnknownActor
from arena.edge.identity import Identity
from arena.http.bearer import operators_only
from arena.http.context import front
from arena.http.schemas import ActorResponse, ActorTree, ProblemDocument
from arena.http.validation import answer
from arena.problems import not_found

blueprint = Blueprint("admin", __name__)

MAX_ACTORS = 2_000
"""Actors shown at once."""


@blueprint.get("/admin/actors")
@document_response(ActorTree)
@operators_only
async def list_actors(identity: Identity) -> Response:  # noqa: ARG001 -- who it is has been checked
    """The actor tree, parents before children."""
    system = front().services.system
    found = system.tree()
    return answer(
        ActorTree(
            actors=[_actor(info) for info in found[:MAX_ACTORS]],
            truncated=len(found) > MAX_ACTORS,
            dead_letters=system.dead_letters.count,
        )
    )


@blueprint.get("/admin/actors/<path:path>")
@document_response(ActorResponse)
@document_response(ProblemDocument, 404)
@operators_only
async def get_actor(identity: Identity, path: str) -> Response:  # noqa: ARG001
    """One actor, with what it says of itself."""
    try:
        info = front().services.system.info(f"/{path.strip('/')}")
    except UnknownActor:
        raise not_found("actor") from None
    return answer(_actor(info))


def _actor(info: ActorInfo) -> ActorResponse:
    return ActorResponse.model_validate(asdict(info))
