"""Leaderboards over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from arena.game import standings
from arena.game.messages import RewardFinal
from arena.store import leaderboards, solutions
from persistence import DatabaseUnavailable
from tests.fixtures.front import Front, Player, running_front

SOLVERS = "/api/v1/leaderboard/solvers"
CREATORS = "/api/v1/leaderboard/creators"


@pytest.fixture
async def front(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    # what is not told to the lobby is seen at once, too
    monkeypatch.setattr(standings, "MAX_AGE", 0.0)
    monkeypatch.setattr(standings, "MIN_PAUSE", 0.0)
    monkeypatch.setattr(standings, "BUSY_FACTOR", 0)
    async with running_front(postgres, tmp_path, with_lobby=True) as running:
        yield running


async def solved(front: Front, winner: Player, times: int = 1) -> None:
    """So many rewards of 50,000,000 lamports that are final."""
    for _ in range(times):
        session = await front.session(winner)
        await front.judged(session, 1, solved=True)
        await front.commit(solutions.settled(session.bot_id, "5" * 88))


async def board(front: Front, url: str = SOLVERS, **params: Any) -> dict[str, Any]:
    response = await front.http.get(url, params=params)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def places(found: dict[str, Any]) -> list[tuple[int, str]]:
    return [(one["rank"], one["wallet"]) for one in found["standings"]]


def address(player: Player) -> str:
    return str(player.wallet.pubkey())


@pytest.mark.parametrize("url", [SOLVERS, CREATORS])
@pytest.mark.parametrize("window", ["all", "30d", "7d", "24h"])
async def test_an_empty_board(front: Front, url: str, window: str) -> None:
    nobody = "9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza"
    empty = {"standings": [], "total": 0, "around": None, "next_cursor": None}
    assert await board(front, url, window=window, around=nobody) == empty


async def test_pages_fit_together_and_ties_share_a_rank(front: Front) -> None:
    players = [await front.player() for _ in range(5)]
    for player, times in zip(players, (3, 1, 2, 2, 1), strict=True):
        await solved(front, player, times)
    tied = [sorted(map(address, group)) for group in (players[2:4], [players[1], players[4]])]
    expected = [(1, address(players[0])), *((2, one) for one in tied[0]), *((4, one) for one in tied[1])]
    assert places(await board(front)) == expected
    seen, params = [], {"limit": 2}
    while True:
        page = await board(front, **params)
        assert page["total"] == 5
        seen += places(page)
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == expected


async def test_a_wallet_finds_its_place_wherever_it_is(front: Front) -> None:
    players = [await front.player() for _ in range(5)]
    for times, player in enumerate(players, 1):
        await solved(front, player, times)
    await front.http.patch("/api/v1/users/me", json={"username": "Last"}, headers=players[0].headers)
    last = address(players[0])
    around = await board(front, around=last, limit=2)
    assert around["around"] == {
        "rank": 5,
        "wallet": last,
        "username": "Last",
        "lamports": 50_000_000,
        "count": 1,
    }
    assert places(around) == [(4, address(players[1])), (5, last)]
    middle = await board(front, around=address(players[2]), limit=3)
    assert [rank for rank, _ in places(middle)] == [2, 3, 4]
    first = await board(front, limit=2)
    second = await board(front, limit=2, cursor=first["next_cursor"], around=last)
    assert ([rank for rank, _ in places(second)], second["around"]["rank"]) == ([3, 4], 5)
    stranger = await board(front, around=address(await front.player()), limit=1)
    assert (stranger["around"], [rank for rank, _ in places(stranger)]) == (None, [1])


async def test_creators_are_ranked_by_their_shares(front: Front) -> None:
    creator = await front.player()
    session = await front.session(await front.player(), await front.bot(creator=creator))
    for index in (1, 2):
        await front.judged(session, index, amount=1_000_000)
    [standing] = (await board(front, CREATORS, window="24h"))["standings"]
    assert (standing["wallet"], standing["lamports"], standing["count"]) == (address(creator), 200_000, 2)


async def test_a_board_that_has_not_changed_is_not_sent_again(front: Front) -> None:
    await solved(front, await front.player())
    tag = (await front.http.get(SOLVERS)).headers["ETag"]
    assert (await front.http.get(SOLVERS, headers={"If-None-Match": tag})).status_code == 304
    await solved(front, await front.player())
    assert (await front.http.get(SOLVERS, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"window": "1h"}, "validation_failed"),
        ({"around": "somebody"}, "validation_failed"),
        ({"limit": 101}, "validation_failed"),
        ({"cursor": "x"}, "cursor_invalid"),
    ],
)
async def test_a_wrong_query_is_refused(front: Front, params: dict[str, Any], code: str) -> None:
    response = await front.http.get(SOLVERS, params=params)
    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_a_cursor_of_another_board_is_refused(front: Front) -> None:
    for _ in range(2):
        await solved(front, await front.player())
    cursor = (await board(front, limit=1))["next_cursor"]
    for url, window in ((CREATORS, "all"), (SOLVERS, "7d")):
        response = await front.http.get(url, params={"cursor": cursor, "window": window})
        assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid")


async def test_there_are_two_boards(front: Front) -> None:
    response = await front.http.get("/api/v1/leaderboard/players")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_without_the_database_there_is_none(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*args: object) -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(leaderboards, "read", away)
    response = await front.http.get(SOLVERS)
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert response.headers["Retry-After"]


async def test_a_lobby_that_starts_anew_has_the_board_right_away(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standings, "MAX_AGE", 3600.0)
    winner = await front.player()
    assert (await board(front))["total"] == 0
    await solved(front, winner)
    assert (await board(front))["total"] == 0  # nobody has told of it
    front.services.lobby.tell(RewardFinal())
    assert places(await board(front)) == [(1, address(winner))]
    await solved(front, await front.player())
    front.services.system.restart("/game/lobby")
    with trio.fail_after(5):
        while (response := await front.http.get(SOLVERS)).status_code == 503:
            await trio.sleep(0.01)
    assert response.json()["total"] == 2
