"""`/leaderboard`: who has earned most, as creator or as solver."""

from __future__ import annotations

from dataclasses import asdict

import trio
from quart import Blueprint, Response
from quart_schema import document_response

from arena.game.messages import ShowStandings
from arena.game.standings import Standings
from arena.http import cursors
from arena.http.caching import cached_answer
from arena.http.context import front
from arena.http.schemas import Leaderboard, LeaderboardQuery, ProblemDocument, StandingResponse
from arena.http.validation import query
from arena.problems import Problem, unavailable
from arena.store.leaderboards import Board, Standing, Window

blueprint = Blueprint("leaderboards", __name__)

WAIT = 10.0
"""Seconds that a board may take, if it has to be read first."""


@blueprint.get("/leaderboard/<any(creators, solvers):board>")
@document_response(Leaderboard)
@document_response(ProblemDocument, 422)
@query(LeaderboardQuery)
async def get_leaderboard(wanted: LeaderboardQuery, board: str) -> Response:
    """Who has earned most: solvers by final rewards, creators by their shares of fees."""
    with trio.fail_after(WAIT):
        standings = await _standings(Board(board), wanted.window)
    scope = f"leaderboard {board} {wanted.window}"
    place = None if wanted.around is None else standings.place(wanted.around)
    if wanted.cursor is not None:
        begin = standings.after(*cursors.decode(wanted.cursor, scope, cursors.AMOUNT))
    elif place is not None:
        begin = max(0, place - wanted.limit // 2)
    else:
        begin = 0
    page = standings.listed[begin : begin + wanted.limit]
    more = len(standings.listed) > begin + wanted.limit
    return cached_answer(
        Leaderboard(
            standings=[_standing(standing) for standing in page],
            total=standings.total,
            around=None if place is None else _standing(standings.listed[place]),
            next_cursor=cursors.encode(scope, [page[-1].lamports, page[-1].wallet]) if more else None,
        )
    )


async def _standings(board: Board, window: Window) -> Standings:
    kept = await front().services.lobby.ask(ShowStandings(board, window))
    if isinstance(kept, Standings):
        return kept
    with kept as reading:
        try:
            found = await reading.receive()
        except trio.EndOfChannel:  # the lobby starts anew
            raise unavailable("actor", "It starts again. Try again.") from None
    if isinstance(found, Problem):
        raise found
    return found


def _standing(standing: Standing) -> StandingResponse:
    return StandingResponse(**asdict(standing))
