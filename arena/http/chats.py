"""`/chats`: a player's sessions with bots."""

from __future__ import annotations

from uuid import UUID

from quart import Blueprint, Response
from quart_schema import document_response

from arena.edge.identity import Identity
from arena.http.bearer import authenticated
from arena.http.context import front
from arena.http.schemas import ChatResponse, ProblemDocument
from arena.http.validation import answer
from arena.problems import not_found
from arena.store import bot_views, sessions
from arena.store.bots import BotStatus

blueprint = Blueprint("chats", __name__)


@blueprint.get("/chats/<uuid:bot_id>")
@document_response(ChatResponse)
@document_response(ProblemDocument, 404)
@authenticated
async def get_chat(identity: Identity, bot_id: UUID) -> Response:
    """Get the caller's session with a bot; the first time, it is opened."""
    database = front().services.database
    session = await sessions.find(database, bot_id, identity.user_id)
    if session is None:
        bot = await bot_views.get(database, bot_id)
        if bot is None or bot.status in {BotStatus.DRAFT, BotStatus.OPENING}:
            raise not_found("bot")
        session = await sessions.find_or_create(database, bot_id, identity.user_id)
    return answer(
        ChatResponse(
            id=session.id,
            bot_id=session.bot_id,
            wallet=session.solver,
            status=session.status,
            created_at=session.created_at,
            websocket=f"/ws/chats/{session.id}",
        )
    )
