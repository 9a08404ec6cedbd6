"""`/bots/{id}/messages` and `/chats/{id}/messages`: what was said."""

from __future__ import annotations

from uuid import UUID

from quart import Blueprint, Response
from quart_schema import document_response

from arena.edge.identity import Identity
from arena.http import cursors
from arena.http.bearer import authenticated
from arena.http.caching import cached_answer
from arena.http.context import front
from arena.http.schemas import (
    History,
    HistoryQuery,
    OwnMessage,
    ProblemDocument,
    Reading,
    Transcript,
    TranscriptMessage,
    TranscriptQuery,
)
from arena.http.validation import answer, query
from arena.problems import not_found
from arena.store import bot_views, messages, sessions, transcripts
from arena.store.bot_views import PUBLIC_STATUSES
from arena.store.messages import Message
from arena.store.sessions import ChatSession
from arena.store.transcripts import PublicMessage

blueprint = Blueprint("messages", __name__)


@blueprint.get("/bots/<uuid:bot_id>/messages")
@document_response(Transcript)
@document_response(ProblemDocument, 404)
@query(TranscriptQuery)
async def get_transcript(wanted: TranscriptQuery, bot_id: UUID) -> Response:
    """Read what was said to a bot: judged messages, each with its verdict."""
    database = front().services.database
    bot = await bot_views.get(database, bot_id)
    if bot is None or bot.status not in PUBLIC_STATUSES:
        raise not_found("bot")
    found = await transcripts.page(
        database,
        bot_id,
        newest_first=wanted.order is Reading.NEWEST,
        after=wanted.after,
        before=wanted.before,
        limit=wanted.limit + 1,
    )
    page = found[: wanted.limit]
    return cached_answer(
        Transcript(
            messages=[_public(message) for message in page],
            next_index=page[-1].message_index if len(found) > wanted.limit else None,
        )
    )


@blueprint.get("/chats/<uuid:session_id>/messages")
@document_response(History)
@document_response(ProblemDocument, 404)
@authenticated
@query(HistoryQuery)
async def get_history(wanted: HistoryQuery, identity: Identity, session_id: UUID) -> Response:
    """Read your own messages of a session, whatever became of them."""
    session = await own_session(identity, session_id)
    scope = f"chat {session.id} {wanted.order}"
    found = await messages.of_session(
        front().services.database,
        session.id,
        newest_first=wanted.order is Reading.NEWEST,
        beyond=None if wanted.cursor is None else cursors.decode(wanted.cursor, scope, cursors.ID),
        limit=wanted.limit + 1,
    )
    page = found[: wanted.limit]
    return answer(
        History(
            messages=[own_message(message) for message in page],
            next_cursor=cursors.encode(scope, page[-1].id) if len(found) > wanted.limit else None,
        )
    )


async def own_session(identity: Identity, session_id: UUID) -> ChatSession:
    """The session, if it is the caller's.

    Raises:
        Problem: 404 `session_not_found`; the same for what is not there and what is somebody else's.
    """
    session = await sessions.get(front().services.database, session_id)
    if session is None or session.solver_id != identity.user_id:
        raise not_found("session")
    return session


def own_message(message: Message) -> OwnMessage:
    """A message as its player may see it."""
    return OwnMessage(
        id=message.client_id,
        message_id=message.id,
        text=None if message.adopted else message.text,
        amount=message.amount,
        status=message.status,
        message_index=message.message_index,
        reply=message.reply,
        verdict=None if message.solved is None else "solved" if message.solved else "unsolved",
        signature=message.fee_signature,
        refund_reason=message.refund_reason,
        refund_signature=message.refund_signature,
        created_at=message.created_at,
        judged_at=message.judged_at,
    )


def _public(message: PublicMessage) -> TranscriptMessage:
    return TranscriptMessage(
        message_id=message.message_id,
        message_index=message.message_index,
        wallet=message.wallet,
        username=message.username,
        text=message.text,
        reply=message.reply,
        verdict="solved" if message.solved else "unsolved",
        amount=message.amount,
        signature=message.signature,
        judged_at=message.judged_at,
    )
