"""`/admin/figures`: the last hour, for plots."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_response

from arena.edge.identity import Identity
from arena.game.figures import STEP
from arena.http.admin_schemas import FigureSeries, FiguresQuery, FiguresResponse
from arena.http.bearer import operators_only
from arena.http.context import front
from arena.http.validation import answer, query

blueprint = Blueprint("admin_figures", __name__)


@blueprint.get("/admin/figures")
@document_response(FiguresResponse)
@operators_only
@query(FiguresQuery)
async def get_figures(wanted: FiguresQuery, identity: Identity) -> Response:  # noqa: ARG001 -- it has been checked
    """What the arena did in the last hour, step by step. It is in memory alone, and begins anew with each start."""
    columns = front().services.figures.since(wanted.since)
    return answer(
        FiguresResponse(
            step=STEP, until=columns.until, series=FigureSeries.model_validate(dict(columns.series))
        )
    )
