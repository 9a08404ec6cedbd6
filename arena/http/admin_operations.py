"""`/admin`: restarting and stopping actors, and the log of who did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import NoReturn

import structlog
from quart import Blueprint, Response, g
from quart_schema import document_response, hide

from actors import ActorState, ActorSystem, UnknownActor
from arena.edge.identity import Identity
from arena.game.tree import INDISPENSABLE
from arena.http.admin import absolute, actor_at
from arena.http.admin_schemas import (
    ActorResponse,
    AuditEntryResponse,
    AuditList,
    AuditQuery,
    OperationRequest,
    OperationResponse,
)
from arena.http.bearer import operators_only
from arena.http.context import front
from arena.http.schemas import ProblemDocument
from arena.http.validation import answer, body, query
from arena.problems import Problem, not_found
from arena.store import audit

log = structlog.get_logger(__name__)

blueprint = Blueprint("admin_operations", __name__)


@blueprint.post("/admin/actors/<path:path>/restart")
@document_response(OperationResponse, 202)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@operators_only
@body(OperationRequest, optional=True)
async def restart_actor(asked: OperationRequest, identity: Identity, path: str) -> Response:
    """Restart an actor, a region or a supervisor, or start one again that was stopped.

    Its queued messages stay. Its supervisor's strategy decides who else is restarted.
    """
    path = absolute(path)
    before = actor_at(path)
    _check_reachable(front().services.system, path)
    return await _operate("restart", ActorSystem.restart, before, identity, asked.reason)


@blueprint.post("/admin/actors/<path:path>/stop")
@document_response(OperationResponse, 202)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@operators_only
@body(OperationRequest, optional=True)
async def stop_actor(asked: OperationRequest, identity: Identity, path: str) -> Response:
    """Stop an actor, a region or a supervisor until it is restarted; one of a region until its next message.

    Its queued messages become dead letters. 409 `actor_indispensable` for what the arena cannot do without.
    """
    path = absolute(path)
    before = actor_at(path)
    if (why := INDISPENSABLE.get(path)) is not None:
        raise Problem(
            "actor_indispensable", "The arena cannot do without it", 409, f"{why} Restart it instead."
        )
    if before.state is ActorState.STOPPED:
        raise Problem("actor_already_stopped", "It is stopped already", 409)
    return await _operate("stop", ActorSystem.stop, before, identity, asked.reason)


@blueprint.post("/admin/actors/restart")
@blueprint.post("/admin/actors/stop")
@hide
@operators_only
async def operate_on_the_root(identity: Identity) -> NoReturn:  # noqa: ARG001
    """The root is the arena itself.

    Raises:
        Problem: 409 `actor_is_root`.
    """
    raise Problem(
        "actor_is_root", "The root is the arena itself", 409, "Stop or restart the process, by a signal."
    )


@blueprint.get("/admin/audit")
@document_response(AuditList)
@operators_only
@query(AuditQuery)
async def get_audit(wanted: AuditQuery, identity: Identity) -> Response:  # noqa: ARG001
    """What operators did, the newest first."""
    # one more than asked for tells whether there is a further page
    found = await audit.newest(
        front().services.database, subject=wanted.subject, before=wanted.cursor, limit=wanted.limit + 1
    )
    page = found[: wanted.limit]
    return answer(
        AuditList(
            entries=[AuditEntryResponse.model_validate(asdict(entry)) for entry in page],
            next_cursor=str(page[-1].id) if len(found) > wanted.limit else None,
        )
    )


async def write_down(action: str, subject: str, identity: Identity, reason: str, **detail: object) -> bool:
    """Log what an operator is about to do, and write it to the audit log. Whether it is durable when this returns.

    Raises:
        Problem: 503 `audit_unavailable`.
    """
    log.warning(
        "operator_action",
        action=action,
        path=subject,
        wallet=identity.wallet,
        reason=reason,
        request_id=g.request_id,
    )
    detail = {
        "reason": reason,
        "at": datetime.now(UTC).isoformat(),
        "request_id": g.request_id,
        **detail,
    }
    return await front().services.audit.append(audit.record(identity.wallet, action, subject, detail))


async def _operate(
    name: str,
    operation: Callable[[ActorSystem, str], None],
    before: ActorResponse,
    identity: Identity,
    reason: str,
) -> Response:
    """Write down what is going to be done, then do it.

    An outage of the database does not prevent it: an actor may have to be restarted because of the outage.
    """
    path = before.path
    recorded = await write_down(
        f"actor.{name}",
        path,
        identity,
        reason,
        before=before.model_dump(mode="json", exclude={"details"}),
    )
    try:
        operation(front().services.system, path)
    except UnknownActor:
        # it has gone meanwhile, as virtual actors do
        raise not_found("actor") from None
    return answer(OperationResponse(before=before, recorded=recorded), 202)


def _check_reachable(system: ActorSystem, path: str) -> None:
    """Raises a Problem, 409 `supervisor_stopped`, if whoever would have to start it is stopped itself."""
    above = path.rpartition("/")[0]
    while above:
        if system.info(above).state in (ActorState.STOPPED, ActorState.FAILED):
            raise Problem("supervisor_stopped", "What is above it is stopped", 409, f"Restart {above} first.")
        above = above.rpartition("/")[0]
