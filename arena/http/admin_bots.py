"""`/admin/bots`: what operators decide about bots."""

from __future__ import annotations

from uuid import UUID

import trio
from quart import Blueprint, Response
from quart_schema import document_response

from arena.chain.events import BotCreated, MessageFeeRecorded, MessageFeeRefunded, RewardSettled
from arena.chain.feed import ChainEvent
from arena.edge.identity import Identity
from arena.game.halts import Halt, look_at_halt
from arena.game.messages import GoOn
from arena.http.admin_operations import write_down
from arena.http.admin_schemas import HaltEvent, HaltResponse, ResumeRequest, ResumeResponse
from arena.http.bearer import operators_only
from arena.http.context import front
from arena.http.schemas import ProblemDocument
from arena.http.validation import answer, body
from arena.problems import not_found
from arena.store import bots

blueprint = Blueprint("admin_bots", __name__)

TIMEOUT = 30.0
"""Seconds for reading a history and for the bot's answer."""


@blueprint.get("/admin/bots/<uuid:bot_id>/halt")
@document_response(HaltResponse)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@operators_only
async def get_halt(identity: Identity, bot_id: UUID) -> Response:  # noqa: ARG001 -- it has been checked
    """What the chain says happened to a halted bot that it has not taken in: the first one is what halted it."""
    with trio.fail_after(TIMEOUT):
        halt = await _halt(bot_id)
    return answer(
        HaltResponse(
            bot_id=halt.bot.id,
            name=halt.bot.name,
            address=halt.bot.address,
            event_seq=halt.bot.event_seq,
            events=[_event(seen) for seen in halt.events],
        )
    )


@blueprint.post("/admin/bots/<uuid:bot_id>/resume")
@document_response(ResumeResponse, 202)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 409)
@operators_only
@body(ResumeRequest)
async def resume_bot(asked: ResumeRequest, identity: Identity, bot_id: UUID) -> Response:
    """Let a halted bot go on, taking the chain's word up to an event: fees that nobody knows are refunded.

    What contradicts the database halts it again.
    """
    with trio.fail_after(TIMEOUT):
        halt = await _halt(bot_id)
        halt.check(asked.up_to)
        recorded = await write_down(
            "bot.resume", str(bot_id), identity, asked.reason, up_to=asked.up_to, event_seq=halt.bot.event_seq
        )
        await front().services.bot(bot_id).ask(GoOn(asked.up_to))
    return answer(ResumeResponse(up_to=asked.up_to, recorded=recorded), 202)


async def _halt(bot_id: UUID) -> Halt:
    services = front().services
    bot = await bots.get(services.database, bot_id)
    if bot is None:
        raise not_found("bot")
    return await look_at_halt(services, bot)


def _event(seen: ChainEvent) -> HaltEvent:
    event = seen.event
    index = wallet = amount = None
    match event:
        case BotCreated():
            wallet, amount = event.creator, event.initial_pot
        case MessageFeeRecorded() | MessageFeeRefunded():
            index, wallet, amount = event.message_index, event.player, event.amount
        case RewardSettled():
            index, wallet, amount = event.message_index, event.winner, event.reward
        case _:
            pass
    return HaltEvent(
        event_seq=event.event_seq,
        kind=type(event).__name__,
        signature=seen.signature,
        slot=seen.slot,
        message_index=index,
        wallet=None if wallet is None else str(wallet),
        amount=amount,
    )
