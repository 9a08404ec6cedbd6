"""`/bots`: the bots there are, opening new ones, describing them, and closing those that nobody plays."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import trio
from quart import Blueprint, Response, request
from quart_schema import document_headers, document_response

from arena.edge.identity import Identity
from arena.edge.tokens import bearer
from arena.game.closing import unsigned_closing
from arena.game.describing import describe_bot
from arena.game.drafts import DraftBot, creation, draft_bot
from arena.game.messages import CloseUnplayed, OpenBot
from arena.game.opening import last_failure
from arena.game.refusals import bot_not_live
from arena.http import cursors
from arena.http.bearer import authenticated
from arena.http.bot_answers import full, summary
from arena.http.caching import Representation, cached_answer
from arena.http.context import front
from arena.http.idempotency import KeyHeader, once
from arena.http.schemas import (
    BotList,
    BotPatch,
    BotResponse,
    BotsQuery,
    ClosingResponse,
    DraftResponse,
    OpenRequest,
    OpenResponse,
    ProblemDocument,
    TransactionFailure,
)
from arena.http.shortcut import shared_answer
from arena.http.validation import answer, body, query
from arena.problems import not_found
from arena.store import bot_lists, bot_views, bots, users
from arena.store.bot_lists import BotSort, Place
from arena.store.bot_views import PUBLIC_STATUSES, BotLine, BotView
from arena.store.bots import Bot, BotStatus
from persistence import Database

blueprint = Blueprint("bots", __name__)

OPEN_TIMEOUT = 20.0
"""Seconds; the creation is committed and sent by then, or nothing is known to have happened."""
_PRIVATE = frozenset({BotStatus.DRAFT, BotStatus.OPENING})


@blueprint.get("/bots")
@document_response(BotList)
@query(BotsQuery)
async def list_bots(wanted: BotsQuery) -> Response:
    """List bots: those for which all of the filters hold, in the order of `sort`."""
    scope = f"bots {wanted.model_dump_json(exclude={'cursor', 'limit'})}"
    after = None if wanted.cursor is None else _place(wanted.cursor, scope, wanted.sort)
    return await shared_answer(partial(_list, front().services.database, wanted, scope, after))


async def _list(database: Database, wanted: BotsQuery, scope: str, after: Place | None) -> Representation:
    statuses = PUBLIC_STATUSES if wanted.status is None else PUBLIC_STATUSES & {wanted.status}
    creator = None if wanted.creator is None else await users.by_wallet(database, wanted.creator)
    if wanted.creator is not None and creator is None:
        statuses = frozenset()  # nobody by that name has made any
    # one more than asked for tells whether there is a further page
    found = await bot_lists.page(
        database,
        statuses=statuses,
        creator_id=None if creator is None else creator.id,
        kind=wanted.kind,
        text=wanted.q,
        sort=wanted.sort,
        after=after,
        limit=wanted.limit + 1,
    )
    page = found[: wanted.limit]
    more = len(found) > wanted.limit
    return Representation.of(
        BotList(
            bots=[summary(bot) for bot in page],
            next_cursor=cursors.encode(scope, _values(page[-1], wanted.sort)) if more else None,
        )
    )


@blueprint.post("/bots")
@document_response(DraftResponse, 201)
@document_response(ProblemDocument, 422)
@document_headers(KeyHeader)
@authenticated
@body(DraftBot)
async def create_bot(wanted: DraftBot, identity: Identity) -> Response:
    """Draft a bot.

    Nothing is paid or public yet. The answer has the transaction that opens it, for the creator's wallet to
    sign.
    """
    return await once(str(identity.user_id), partial(_create, wanted, identity))


async def _create(wanted: DraftBot, identity: Identity) -> Response:
    services = front().services
    draft = await draft_bot(services, identity.user_id, identity.wallet, wanted)
    bot = await bot_views.get(services.database, draft.bot_id)
    if bot is None:
        raise not_found("bot")
    response = answer(DraftResponse(bot=full(bot), transaction=draft.transaction), 201)
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
    if bot.status not in _PRIVATE:
        return cached_answer(full(bot))
    found = full(bot)
    if bot.status is BotStatus.DRAFT and (failure := await last_failure(front().services, bot_id)):
        why = TransactionFailure(code=failure.code, detail=failure.detail)
        found = found.model_copy(update={"opening_error": why})
    return answer(found)


@blueprint.patch("/bots/<uuid:bot_id>")
@document_response(BotResponse)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@authenticated
@body(BotPatch)
async def edit_bot(wanted: BotPatch, identity: Identity, bot_id: UUID) -> Response:
    """Describe a bot of yours anew.

    Nothing else of a bot can change: its terms are on the chain, its puzzle is committed to, and its name is what
    players know it by.
    """
    services = front().services
    bot = await bot_views.get(services.database, bot_id)
    if bot is None or bot.creator_id != identity.user_id:
        raise not_found("bot", "There is no such bot of yours.")
    with trio.fail_after(OPEN_TIMEOUT):
        await describe_bot(services, bot, wanted.description, revision=wanted.revision)
    edited = await bot_views.get(services.database, bot_id)
    if edited is None:  # a draft that has been forgotten just now
        raise not_found("bot")
    return answer(full(edited))


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
    return answer(DraftResponse(bot=full(bot), transaction=draft.transaction))


@blueprint.post("/bots/<uuid:bot_id>/open")
@document_response(OpenResponse, 202)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@document_response(ProblemDocument, 422)
@document_headers(KeyHeader)
@authenticated
@body(OpenRequest)
async def open_bot(signed: OpenRequest, identity: Identity, bot_id: UUID) -> Response:
    """Open a drafted bot with the signed transaction. Safe to repeat."""
    services = front().services
    bot = await bot_views.get(services.database, bot_id)
    if bot is None or bot.creator_id != identity.user_id:
        raise not_found("bot", "There is no such draft of yours.")
    return await once(
        str(identity.user_id), partial(_send, bot_id, OpenBot(identity.wallet, signed.transaction))
    )


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
@document_headers(KeyHeader)
@authenticated
@body(OpenRequest)
async def close_bot(signed: OpenRequest, identity: Identity, bot_id: UUID) -> Response:
    """Close a bot of yours which nobody has paid. Safe to repeat."""
    await _own(identity, bot_id)
    return await once(
        str(identity.user_id), partial(_send, bot_id, CloseUnplayed(identity.wallet, signed.transaction))
    )


async def _send(bot_id: UUID, signed: OpenBot | CloseUnplayed) -> Response:
    with trio.fail_after(OPEN_TIMEOUT):
        signature = await front().services.bot(bot_id).ask(signed)
    return answer(OpenResponse(signature=signature), 202)


def _place(cursor: str, scope: str, sort: BotSort) -> Place:
    match sort:
        case BotSort.NEWEST:
            bot_id = cursors.decode(cursor, scope, cursors.ID)
            return Place(bot_id, bot_id)
        case BotSort.ENDING:
            return Place(*cursors.decode(cursor, scope, cursors.TIME))
        case _:
            return Place(*cursors.decode(cursor, scope, cursors.NUMBER))


def _values(bot: BotLine, sort: BotSort) -> object:
    place = bot_lists.place(bot, sort)
    return place.id if sort is BotSort.NEWEST else [place.value, place.id]


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
