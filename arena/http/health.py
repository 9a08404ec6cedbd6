"""`/health`: can the arena be played, and does the process live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time

import trio
from quart import Blueprint, Response
from quart_schema import document_response

from arena.chain.client import ChainUnavailable
from arena.game.services import Services
from arena.game.winding_down import RETRY_AFTER
from arena.http.context import front
from arena.http.schemas import (
    Check,
    FeedCheck,
    FundsCheck,
    HealthResponse,
    JournalCheck,
    LiveResponse,
    WalletFunds,
)
from arena.http.validation import answer
from persistence import DatabaseUnavailable

blueprint = Blueprint("health", __name__)

CHECK_TIMEOUT = 2.0
"""Seconds after which a part that does not answer counts as away."""


@blueprint.get("/health")
@document_response(HealthResponse)
@document_response(HealthResponse, 503)
async def health() -> Response:
    """Whether the arena can be played: 200, or 503 with what is missing."""
    services = front().services
    checks: dict[str, Check] = {}

    async def check(name: str, ask: Callable[[], Awaitable[None]]) -> None:
        checks[name] = await _check(ask)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(check, "database", services.database.ping)
        nursery.start_soon(check, "chain", services.client.health)
    journal, feed = _journal(services), _feed(services)
    ready = all(part.ok for part in (*checks.values(), journal, feed))
    stopping = services.winding_down.began
    ready = ready and not stopping
    found = HealthResponse(
        status="stopping" if stopping else "ready" if ready else "unready",
        database=checks["database"],
        chain=checks["chain"],
        journal=journal,
        feed=feed,
        funds=_funds(services),
    )
    response = answer(found, 200 if ready else 503)
    if stopping:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


@blueprint.get("/health/live")
@document_response(LiveResponse)
async def live() -> Response:
    """Whether the process runs and answers: nothing else is looked at."""
    return answer(LiveResponse())


async def _check(ask: Callable[[], Awaitable[None]]) -> Check:
    try:
        with trio.fail_after(CHECK_TIMEOUT):
            await ask()
    except (DatabaseUnavailable, ChainUnavailable):
        return Check(ok=False, detail="cannot be reached")
    except trio.TooSlowError:
        return Check(ok=False, detail="does not answer")
    return Check(ok=True)


def _journal(services: Services) -> JournalCheck:
    stats = services.journal.stats
    return JournalCheck(
        ok=stats.available,
        detail=None if stats.available else "cannot write",
        queued=stats.queued,
        last_commit_seconds=stats.last_commit_seconds,
    )


def _feed(services: Services) -> FeedCheck:
    status = services.feed.status
    age = None if status.last_poll_at is None else max(0.0, time() - status.last_poll_at)
    # without a subscription it is slower, but hears everything all the same
    late = not status.is_recent(time())
    return FeedCheck(
        ok=not late,
        detail="has not looked at the chain for long" if late else None,
        subscribed=status.subscribed,
        tracked=status.tracked,
        seconds_since_poll=age,
    )


def _funds(services: Services) -> FundsCheck:
    balances = services.funds.balances
    low = ", ".join(found.name for found in balances if found.is_low)
    return FundsCheck(
        ok=not low,
        detail=f"too little: {low}" if low else None,
        wallets=[
            WalletFunds(
                name=found.name, address=str(found.wallet), lamports=found.lamports, least=found.least
            )
            for found in balances
        ],
    )
