"""`/bots`: the bots there are, opening new ones, and closing those that nobody plays."""

from __future__ import annotations

from uuid import UUID

import trio
from quart import Blueprint, Response, request
from quart_schema import document_response

from arena.brains import public_view
from arena.economy import FeeSchedule
from arena.edge.identity import Identity
from arena.edge.tokens import bearer
from arena.game.closing import unsigned_closing
from arena.game.drafts import DraftBot, creation, draft_bot
from arena.game.messages import CloseUnplayed, OpenBot
from arena.game.opening import last_failure
from arena.game.refusals import bot_not_live
from arena.http.bearer import authenticated
from arena.http.context import front
from arena.http.schemas import (
    BotList,
    BotResponse,
    BotsQuery,
    BotSummary,
    ClosingResponse,
    DraftResponse,
    OpenRequest,
    OpenResponse,
    ProblemDocument,
    TransactionFailure,
)
from arena.http.validation import answer, body, query
from arena.problems import not_found
from arena.store import bot_views, bots
from arena.store.bot_views import PUBLIC_STATUSES, BotView
from arena.store.bots import Bot, BotStatus

blueprint = Blueprint("bots", __name__)

OPEN_TIMEOUT = 20.0
"""Seconds; the creation is committed and sent by then, or nothing is known to have happened."""
_PRIVATE = frozenset({BotStatus.DRAFT, BotStatus.OPENING})
_ENDED = frozenset({BotStatus.SOLVED, BotStatus.EXPIRED, BotStatus.CLOSING, BotStatus.CLOSED})


@blueprint.get("/bots")
@document_response(BotList)
@query(BotsQuery)
async def list_bots(wanted: BotsQuery) -> Response:
    """List bots, the newest first."""
    statuses = PUBLIC_STATUSES if wanted.status is None else PUBLIC_STATUSES & {wanted.status}
    # one more than asked for tells whether there is a further page
    found = await bot_views.newest(
        front().services.database, statuses=statuses, before=wanted.cursor, limit=wanted.limit + 1
    )
    page = found[: wanted.limit]
    return answer(
        BotList(
            bots=[BotSummary.model_validate(_summary(bot)) for bot in page],
            next_cursor=str(page[-1].id) if len(found) > wanted.limit else None,
        )
    )


@blueprint.post("/bots")
@document_response(DraftResponse, 201)
@document_response(ProblemDocument, 422)
@authenticated
@body(DraftBot)
async def create_bot(wanted: DraftBot, identity: Identity) -> Response:
    """Draft a bot.

    Nothing is paid or public yet. The answer has the transaction that opens it, for the creator's wallet to
    sign.
    """
    services = front().services
    draft = await draft_bot(services, identity.user_id, identity.wallet, wanted)
    bot = await bot_views.get(services.database, draft.bot_id)
    if bot is None:
        raise not_found("bot")
    response = answer(DraftResponse(bot=_bot(bot), transaction=draft.transaction), 201)
    response.headers["Location"] = f"/api/v1/bots/{bot.id}"
    return response


@blueprint.get("/bots/<uuid:bot_id>")
@document_response(BotResponse)
@document_response(ProblemDocument, 404)
async def get_bot(bot_id: UUID) -> Response:
    """One bot. Drafts are for their creator alone."""
    bot = await bot_views.get(front().services.database, bot_id)
    if bot is None or (bot.status in _PRIVATE and not await _is_creator(bot)):
        raise not_found("bot")
    found = _bot(bot)
    if bot.status is BotStatus.DRAFT and (failure := await last_failure(front().services, bot_id)):
        why = TransactionFailure(code=failure.code, detail=failure.detail)
        found = found.model_copy(update={"opening_error": why})
    return answer(found)


@blueprint.post("/bots/<uuid:bot_id>/transaction")
@document_response(DraftResponse)
@document_response(ProblemDocument, 404)
@authenticated
async def renew_transaction(identity: Identity, bot_id: UUID) -> Response:
    """Get a draft's transaction anew, because the one before was not signed in time."""
    services = front().services
    bot = await bot_views.get(services.database, bot_id)
    if bot is None or bot.creator_id != identity.user_id or bot.status is not BotStatus.DRAFT:
        raise not_found("bot", "There is no such draft of yours.")
    draft = await creation(services, bot_id, identity.wallet)
    return answer(DraftResponse(bot=_bot(bot), transaction=draft.transaction))


@blueprint.post("/bots/<uuid:bot_id>/open")
@document_response(OpenResponse, 202)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@document_response(ProblemDocument, 422)
@authenticated
@body(OpenRequest)
async def open_bot(signed: OpenRequest, identity: Identity, bot_id: UUID) -> Response:
    """Open a drafted bot with the signed transaction. Safe to repeat."""
    services = front().services
    bot = await bot_views.get(services.database, bot_id)
    if bot is None or bot.creator_id != identity.user_id:
        raise not_found("bot", "There is no such draft of yours.")
    with trio.fail_after(OPEN_TIMEOUT):
        signature = await services.bot(bot_id).ask(OpenBot(identity.wallet, signed.transaction))
    return answer(OpenResponse(signature=signature), 202)


@blueprint.post("/bots/<uuid:bot_id>/closing")
@document_response(ClosingResponse)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@authenticated
async def get_closing(identity: Identity, bot_id: UUID) -> Response:
    """Get the transaction that closes a bot of yours which nobody has paid; sign it and send it to `close`."""
    services = front().services
    bot = await _own(identity, bot_id)
    if bot.status not in (BotStatus.OPEN, BotStatus.EXPIRED):
        raise bot_not_live(bot.status)
    return answer(ClosingResponse(transaction=await unsigned_closing(services, bot, identity.wallet)))


@blueprint.post("/bots/<uuid:bot_id>/close")
@document_response(OpenResponse, 202)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@document_response(ProblemDocument, 422)
@authenticated
@body(OpenRequest)
async def close_bot(signed: OpenRequest, identity: Identity, bot_id: UUID) -> Response:
    """Close a bot of yours which nobody has paid. Safe to repeat."""
    await _own(identity, bot_id)
    bot = front().services.bot(bot_id)
    with trio.fail_after(OPEN_TIMEOUT):
        signature = await bot.ask(CloseUnplayed(identity.wallet, signed.transaction))
    return answer(OpenResponse(signature=signature), 202)


async def _own(identity: Identity, bot_id: UUID) -> Bot:
    bot = await bots.get(front().services.database, bot_id)
    if bot is None or bot.creator_id != identity.user_id or bot.status in _PRIVATE:
        raise not_found("bot", "There is no such bot of yours.")
    return bot


async def _is_creator(bot: BotView) -> bool:
    if "Authorization" not in request.headers:
        return False
    token = bearer(request.headers["Authorization"])
    return (await front().authenticator.authenticate(token)).user_id == bot.creator_id


def _summary(bot: BotView) -> dict[str, object]:
    schedule = FeeSchedule(bot.fee_base, bot.fee_growth_bps, bot.fee_cap)
    return {
        "id": bot.id,
        "name": bot.name,
        "kind": bot.kind,
        "status": bot.status,
        "address": bot.address,
        "creator": bot.creator,
        "pot": bot.pot,
        "initial_pot": bot.initial_pot,
        "next_price": schedule.price(bot.message_count),
        "message_count": bot.message_count,
        "closes_at": bot.closes_at,
        "opened_at": bot.opened_at,
        "ended_at": bot.ended_at,
        "demo": bot.demo,
        "winner": bot.winner,
        "reward": bot.reward,
    }


def _bot(bot: BotView) -> BotResponse:
    return BotResponse.model_validate(
        {
            **_summary(bot),
            "public": public_view(bot.kind, bot.public, bot.message_count, ended=bot.status in _ENDED),
            "objective_hash": bot.objective_hash.hex(),
            "fee_base": bot.fee_base,
            "fee_growth_bps": bot.fee_growth_bps,
            "fee_cap": bot.fee_cap,
            "pot_bps": bot.pot_bps,
            "creator_bps": bot.creator_bps,
            "idle_after": bot.idle_after,
            "idle_min_messages": bot.idle_min_messages,
            "expiry_rule": bot.expiry_rule,
            "judged_count": bot.judged_count,
            "winning_index": bot.winning_index,
            "created_at": bot.created_at,
        }
    )
