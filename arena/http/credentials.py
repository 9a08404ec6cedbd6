"""`/bots/{id}/credentials`: what a bot's brain pays with, replaced by its creator. There is no way to read it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import trio
from pydantic import Field
from quart import Blueprint, Response
from quart_schema import document_response
from quart_trio.wrappers import TrioResponse

from arena.edge.identity import Identity
from arena.game.drafts import change_credentials
from arena.http.bearer import authenticated
from arena.http.context import front
from arena.http.schemas import ProblemDocument, RequestModel
from arena.http.validation import body
from arena.problems import not_found
from arena.store import bots

blueprint = Blueprint("credentials", __name__)

CHANGE_TIMEOUT = 20.0
"""Seconds; the change is committed by then, or nothing is known to have happened."""


class CredentialsRequest(RequestModel):
    """All of the bot's credentials, anew."""

    credentials: dict[str, Any] = Field(repr=False, description="what the bot's kind of brain takes")


@blueprint.put("/bots/<uuid:bot_id>/credentials")
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 422)
@authenticated
@body(CredentialsRequest)
async def put_credentials(wanted: CredentialsRequest, identity: Identity, bot_id: UUID) -> Response:
    """Replace the credentials of a bot of yours, for the next message on. Safe to repeat."""
    services = front().services
    bot = await bots.get(services.database, bot_id)
    if bot is None or bot.creator_id != identity.user_id:
        raise not_found("bot", "There is no such bot of yours.")
    with trio.fail_after(CHANGE_TIMEOUT):
        await change_credentials(services, bot, wanted.credentials)
    return TrioResponse(status=204)
