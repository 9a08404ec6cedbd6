"""`/terms`: what a new bot can be here, before anybody drafts one."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_response

from arena.brains import kinds
from arena.chain.accounts import BOT_SIZE
from arena.game.terms import endpoints
from arena.http.context import front
from arena.http.schemas import ProblemDocument, TermsResponse
from arena.http.validation import answer

blueprint = Blueprint("terms", __name__)


@blueprint.get("/terms")
@document_response(TermsResponse)
@document_response(ProblemDocument, 503)
async def get_terms() -> Response:
    """What bots of this arena can be: kinds, shares of fees, least amounts, language models.

    A bot keeps the shares that it was drafted with.
    """
    services = front().services
    models = endpoints(services.settings)
    return answer(
        TermsResponse(
            kinds=sorted(kinds()),
            pot_bps=services.settings.arena_pot_bps,
            creator_bps=services.settings.arena_creator_bps,
            smallest=await services.client.rent_exempt_minimum(0),
            rent=await services.client.rent_exempt_minimum(BOT_SIZE),
            models=[] if models.url is None else list(models.models),
            endpoints=sorted(models.allowed),
        )
    )
