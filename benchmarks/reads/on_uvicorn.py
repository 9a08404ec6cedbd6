"""The reads as most would write them today, at their best: FastAPI on uvicorn. `… on_uvicorn PORT DSN FOLDER`.

The same queries through asyncpg, the same models, the same tags; the standings are kept for a second, as ours are. No
limits, request ids, headers for browsers or metrics, which ours has.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from time import monotonic
from typing import Annotated, cast

import asyncpg
from fastapi import FastAPI, Header, Query, Response
from pydantic import BaseModel

from arena.game.standings import MIN_PAUSE, Standings
from arena.garbage import settle_memory
from arena.http import cursors
from arena.http.bot_answers import summary
from arena.http.schemas import BotList, BotsQuery, Leaderboard, LeaderboardQuery, StandingResponse
from arena.settings import load_settings
from arena.store import bot_lists, leaderboards
from arena.store.bot_lists import BotSort
from arena.store.bot_views import PUBLIC_STATUSES
from arena.store.leaderboards import Board, Window
from benchmarks.harness.on_uvicorn import serve
from persistence import Database

Known = Annotated[str | None, Header(alias="If-None-Match")]
pool: Database
kept: dict[tuple[Board, Window], tuple[float, Standings]] = {}


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    global pool
    size = load_settings().arena_database_connections
    async with asyncpg.create_pool(sys.argv[2], min_size=1, max_size=size) as opened:
        pool = cast("Database", opened)  # it has the same `fetch`
        settle_memory()
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/api/v1/bots")
async def list_bots(wanted: Annotated[BotsQuery, Query()], if_none_match: Known = None) -> Response:
    statuses = PUBLIC_STATUSES if wanted.status is None else PUBLIC_STATUSES & {wanted.status}
    found = await bot_lists.page(pool, statuses=statuses, sort=wanted.sort, limit=wanted.limit + 1)
    page = found[: wanted.limit]
    scope = f"bots {wanted.model_dump_json(exclude={'cursor', 'limit'})}"
    place = bot_lists.place(page[-1], wanted.sort)
    values = place.id if wanted.sort is BotSort.NEWEST else [place.value, place.id]
    more = len(found) > wanted.limit
    return answer(
        BotList(
            bots=[summary(bot) for bot in page],
            next_cursor=cursors.encode(scope, values) if more else None,
        ),
        if_none_match,
    )


@app.get("/api/v1/leaderboard/{board}")
async def get_leaderboard(
    board: Board, wanted: Annotated[LeaderboardQuery, Query()], if_none_match: Known = None
) -> Response:
    standings = await standings_of(board, wanted.window)
    page = standings.listed[: wanted.limit]
    scope = f"leaderboard {board} {wanted.window}"
    more = len(standings.listed) > wanted.limit
    return answer(
        Leaderboard(
            standings=[StandingResponse.model_validate(one, from_attributes=True) for one in page],
            total=standings.total,
            around=None,
            next_cursor=cursors.encode(scope, [page[-1].lamports, page[-1].wallet]) if more else None,
        ),
        if_none_match,
    )


async def standings_of(board: Board, window: Window) -> Standings:
    read_at, standings = kept.get((board, window), (0.0, None))
    if standings is None or monotonic() - read_at > MIN_PAUSE:
        standings = Standings(*await leaderboards.read(pool, board, window))
        kept[board, window] = monotonic(), standings
    return standings


def answer(model: BaseModel, known: str | None) -> Response:
    body = model.__pydantic_serializer__.to_json(model)
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, no-cache"}
    if known == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


if __name__ == "__main__":
    serve(app, int(sys.argv[1]))
