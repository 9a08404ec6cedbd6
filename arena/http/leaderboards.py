"""`/leaderboard`: who has earned most, as creator or as solver."""

from __future__ import annotations

from weakref import ref

import trio
from quart import Blueprint, Response
from quart_schema import document_response

from arena.game.messages import ShowStandings
from arena.game.services import Services
from arena.game.standings import Standings
from arena.http import cursors
from arena.http.caching import Representation
from arena.http.context import front
from arena.http.schemas import Leaderboard, LeaderboardQuery, ProblemDocument, StandingResponse
from arena.http.shortcut import shared_answer
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
    return await shared_answer(_Page(front().services, Board(board), wanted).read)


class _Page:
    """A page of a board, which is made anew when the board was read anew."""

    def __init__(self, services: Services, board: Board, wanted: LeaderboardQuery) -> None:
        self._services = services
        self._board = board
        self._wanted = wanted
        self._scope = f"leaderboard {board} {wanted.window}"
        self._after = (
            None if wanted.cursor is None else cursors.decode(wanted.cursor, self._scope, cursors.AMOUNT)
        )
        self._made: tuple[ref[Standings], Representation] | None = None

    async def read(self) -> Representation:
        with trio.fail_after(WAIT):
            standings = await _standings(self._services, self._board, self._wanted.window)
        if self._made is None or self._made[0]() is not standings:
            self._made = ref(standings), Representation.of(self._of(standings))
        return self._made[1]

    def _of(self, standings: Standings) -> Leaderboard:
        wanted = self._wanted
        place = None if wanted.around is None else standings.place(wanted.around)
        if self._after is not None:
            begin = standings.after(*self._after)
        elif place is not None:
            begin = max(0, place - wanted.limit // 2)
        else:
            begin = 0
        page = standings.listed[begin : begin + wanted.limit]
        more = len(standings.listed) > begin + wanted.limit
        return Leaderboard(
            standings=[_standing(standing) for standing in page],
            total=standings.total,
            around=None if place is None else _standing(standings.listed[place]),
            next_cursor=cursors.encode(self._scope, [page[-1].lamports, page[-1].wallet]) if more else None,
        )


async def _standings(services: Services, board: Board, window: Window) -> Standings:
    kept = await services.lobby.ask(ShowStandings(board, window))
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
    return StandingResponse.model_validate(standing, from_attributes=True)
