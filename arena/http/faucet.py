"""`/faucet`: money from nowhere, on the local chain alone."""

from __future__ import annotations

import math
from functools import partial

import trio
from quart import Blueprint, Response
from quart_schema import document_headers, document_response
from solders.pubkey import Pubkey

from arena.chain.client import ChainUnavailable, Commitment, TransactionRejected
from arena.http.context import front
from arena.http.idempotency import KeyHeader, once
from arena.http.schemas import AirdropRequest, AirdropResponse, ProblemDocument
from arena.http.validation import answer, body
from arena.problems import Problem

blueprint = Blueprint("faucet", __name__)

CONFIRMATION_TIMEOUT = 10.0
"""Seconds that the answer waits for the lamports to be there."""
CONFIRMATION_INTERVAL = 0.05


@blueprint.post("/faucet")
@document_response(AirdropResponse)
@document_response(ProblemDocument, 404)
@document_response(ProblemDocument, 422)
@document_response(ProblemDocument, 429)
@document_headers(KeyHeader)
@body(AirdropRequest)
async def airdrop(wanted: AirdropRequest) -> Response:
    """Get lamports of the local chain. The answer comes when they are there, or after ten seconds.

    404 `faucet_closed` on every other chain; 429 `faucet_exhausted` when the wallet had enough for now; 422
    `address_unusable` when the address cannot receive any.
    """
    if not front().services.local_chain:
        raise Problem("faucet_closed", "There is no faucet here", 404, "Only the local chain has one.")
    return await once(f"faucet:{wanted.address}", partial(_airdrop, wanted))


async def _airdrop(wanted: AirdropRequest) -> Response:
    services, limits = front().services, front().faucet_limits
    wait = limits.take(wanted.address, wanted.lamports)
    if wait is not None:
        raise Problem(
            "faucet_exhausted",
            "Enough for now",
            429,
            "This wallet had its share.",
            {"retry_after": math.ceil(wait)},
        )
    try:
        signature = await services.client.airdrop(Pubkey.from_string(wanted.address), wanted.lamports)
    except TransactionRejected as error:
        limits.give_back(wanted.address, wanted.lamports)
        raise Problem(
            "address_unusable", "This address takes no lamports", 422, f"The chain says: {error}"
        ) from error
    except BaseException:
        limits.give_back(wanted.address, wanted.lamports)
        raise
    return answer(AirdropResponse(signature=signature, confirmed=await _confirmed(signature)))


async def _confirmed(signature: str) -> bool:
    """Whether the lamports are there. That takes a slot or two, and whoever asks for money wants to spend it."""
    with trio.move_on_after(CONFIRMATION_TIMEOUT):
        while True:
            try:
                [status] = await front().services.client.statuses([signature])
            except ChainUnavailable:
                return False  # they will be, in a while
            if status is not None and status.confirmation is not Commitment.PROCESSED:
                return status.error is None
            await trio.sleep(CONFIRMATION_INTERVAL)
    return False
