"""People over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from arena.store import messages, solutions
from arena.store.bots import BotStatus
from tests.fixtures.front import Front, Player

ME = "/api/v1/users/me"
NOTHING = {"bots_opened": 0, "bots_played": 0, "messages": 0, "spent": 0, "bots_solved": 0, "won": 0}


async def named(front: Front, player: Player, name: str | None) -> Any:
    return await front.http.patch(ME, json={"username": name}, headers=player.headers)


async def test_who_has_just_signed_in_has_done_nothing(front: Front) -> None:
    player = await front.player()
    mine = (await front.http.get(ME, headers=player.headers)).json()
    assert mine.pop("joined_at")
    assert mine == NOTHING | {
        "id": str(player.user_id),
        "wallet": str(player.wallet.pubkey()),
        "username": None,
    }


async def test_what_somebody_has_done_is_counted_for_everybody(front: Front) -> None:
    player = await front.player()
    for status in (BotStatus.OPEN, BotStatus.CLOSED, BotStatus.DRAFT, BotStatus.OPENING):
        await front.bot(status, player)
    one, two, three = [await front.session(player) for _ in range(3)]
    await front.judged(one, 1, amount=1_000_000)
    await front.judged(one, 2, amount=2_000_000, solved=True)
    await front.paid(two, 1, amount=4_000_000)
    refunding = await front.paid(three, 1, amount=8_000_000)
    await front.commit(messages.refunding(refunding.id, reason="late"))
    await front.paying(three, amount=16_000_000)
    url = f"/api/v1/users/{player.wallet.pubkey()}"
    expected = NOTHING | {"bots_opened": 2, "bots_played": 2, "messages": 3, "spent": 7_000_000}
    found = (await front.http.get(url)).json()
    assert found | expected == found  # a reward counts when it is final
    await front.commit(solutions.settled(one.bot_id, "5" * 88))
    found = (await front.http.get(url)).json()
    assert found | expected | {"bots_solved": 1, "won": 50_000_000} == found
    assert "id" not in found


@pytest.mark.parametrize(
    "address", ["nobody", "x" * 44, "9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza", "%00", "0" * 44]
)
async def test_an_unknown_wallet(front: Front, address: str) -> None:
    response = await front.http.get(f"/api/v1/users/{address}")
    assert (response.status_code, response.json()["code"]) == (404, "user_not_found")


async def test_a_name_is_chosen_changed_and_given_back(front: Front) -> None:
    player = await front.player()
    url = f"/api/v1/users/{player.wallet.pubkey()}"
    for typed, name in ((" Ｍoonlight ", "Moonlight"), ("MoonLight", "MoonLight"), (None, None)):
        response = await named(front, player, typed)
        assert (response.status_code, response.json()["username"]) == (200, name)
        assert (await front.http.get(url)).json()["username"] == name
    rows = await front.database.fetch("select actor, action, detail::text from audit_log order by id")
    assert [json.loads(row["detail"]) for row in rows] == [
        {"was": None, "is": "Moonlight"},
        {"was": "Moonlight", "is": "MoonLight"},
        {"was": "MoonLight", "is": None},
    ]
    assert {(row["actor"], row["action"]) for row in rows} == {(str(player.wallet.pubkey()), "user.rename")}


async def test_the_same_name_again_changes_nothing(front: Front) -> None:
    player = await front.player()
    for _ in range(2):
        assert (await named(front, player, "Moonlight")).status_code == 200
    assert await front.database.fetch_value("select count(*) from audit_log") == 1


async def test_nobody_gets_a_name_that_looks_like_somebodys(front: Front) -> None:
    one, two = await front.player(), await front.player()
    assert (await named(front, one, "Moonlight")).status_code == 200
    for name in ("moonlight", "M00n-l1ght", "MoonIight", "admin"):
        response = await named(front, two, name)
        assert (response.status_code, response.json()["code"]) == (409, "username_taken")
    await named(front, one, None)
    assert (await named(front, two, "moonlight")).status_code == 200


async def test_of_two_who_want_a_name_at_once_one_gets_it(front: Front) -> None:
    players = [await front.player() for _ in range(4)]
    statuses: list[int] = []

    async def choose(player: Player) -> None:
        statuses.append((await named(front, player, "Moonlight")).status_code)

    async with trio.open_nursery() as nursery:
        for player in players:
            nursery.start_soon(choose, player)
    assert sorted(statuses) == [200, 409, 409, 409]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"username": "ab"}, "username_invalid"),
        ({"username": "x" * 101}, "validation_failed"),
        ({"username": 7}, "validation_failed"),
        ({}, "validation_failed"),
        ({"username": "Moonlight", "wallet": "x"}, "validation_failed"),
    ],
)
async def test_what_cannot_be_changed(front: Front, change: dict[str, object], code: str) -> None:
    player = await front.player()
    response = await front.http.patch(ME, json=change, headers=player.headers)
    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_a_name_is_shown_where_its_user_is(front: Front) -> None:
    player = await front.player()
    await named(front, player, "Moonlight")
    session = await front.session(player, await front.bot(creator=player))
    await front.judged(session, 1)
    [bot] = (await front.http.get("/api/v1/bots")).json()["bots"]
    assert bot["creator_name"] == "Moonlight"
    [said] = (await front.http.get(f"/api/v1/bots/{session.bot_id}/messages")).json()["messages"]
    assert said["username"] == "Moonlight"


# -- what was done, bit by bit


async def test_anybody_sees_what_somebody_has_spent_won_and_earned(front: Front) -> None:
    player, creator = await front.player(), await front.player()
    session = await front.session(player, await front.bot(creator=creator))
    await front.judged(session, 1, amount=1_000_000)
    await front.judged(session, 2, amount=2_000_000, solved=True)
    await front.commit(solutions.settled(session.bot_id, "5" * 88))

    async def last(of: Player, **params: str) -> tuple[int, int, dict[str, Any]]:
        response = await front.http.get(f"/api/v1/users/{of.wallet.pubkey()}/history", params=params)
        assert response.status_code == 200, response.text
        history = response.json()
        return len(history["buckets"]), history["seconds"], history["buckets"][-1]

    for params, count, seconds in (
        ({}, 30, 86_400),
        ({"window": "30d"}, 30, 86_400),
        ({"window": "7d"}, 7, 86_400),
        ({"window": "24h"}, 24, 3_600),
        ({"window": "all"}, 1, 86_400),
    ):
        buckets, width, now = await last(player, **params)
        begins_at = now.pop("begins_at")
        assert begins_at.endswith(":00:00Z")
        assert (buckets, width, now) == (count, seconds, {"spent": 3_000_000, "won": 50_000_000, "earned": 0})
        _, _, now = await last(creator, **params)
        assert now == {"begins_at": begins_at, "spent": 0, "won": 0, "earned": 300_000}


async def test_a_history_that_has_not_changed_is_not_sent_again(front: Front) -> None:
    player = await front.player()
    url = f"/api/v1/users/{player.wallet.pubkey()}/history"
    tag = (await front.http.get(url)).headers["ETag"]
    assert (await front.http.get(url, headers={"If-None-Match": tag})).status_code == 304
    await front.judged(await front.session(player), 1)
    assert (await front.http.get(url, headers={"If-None-Match": tag})).status_code == 200


async def test_a_history_of_nobody_or_of_another_time(front: Front) -> None:
    for address in ("me", "nobody", "9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza"):
        response = await front.http.get(f"/api/v1/users/{address}/history")
        assert (response.status_code, response.json()["code"]) == (404, "user_not_found")
    player = await front.player()
    response = await front.http.get(
        f"/api/v1/users/{player.wallet.pubkey()}/history", params={"window": "1h"}
    )
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


# -- lists of one's own


async def test_own_bots_come_with_what_they_have_earned(front: Front) -> None:
    creator = await front.player()
    idle, busy = [await front.bot(creator=creator) for _ in range(2)]
    session = await front.session(await front.player(), busy)
    for index in (1, 2):
        await front.judged(session, index, amount=1_000_000)
    await front.paid(session, 3, amount=1_000_000)  # may still be refunded
    await front.judged(await front.session(creator, busy), 4, amount=1_000_000)  # the creator's own money
    listed = (await front.http.get(f"{ME}/bots", headers=creator.headers)).json()["bots"]
    assert [(bot["id"], bot["earned"]) for bot in listed] == [(str(busy), 200_000), (str(idle), 0)]


async def test_own_sessions_come_with_their_bots_page_by_page(front: Front) -> None:
    player = await front.player()
    made = [await front.session(player) for _ in range(3)]
    await front.session(await front.player())
    url = f"{ME}/sessions"
    first = (await front.http.get(url, params={"limit": 2}, headers=player.headers)).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await front.http.get(url, params=params, headers=player.headers)).json()
    assert rest["next_cursor"] is None
    listed = first["sessions"] + rest["sessions"]
    assert [session["id"] for session in listed] == [str(session.id) for session in made[::-1]]
    assert (listed[0]["bot_name"], listed[0]["bot_status"]) == ("The Gatekeeper", "open")
    closed = await front.http.get(url, params={"status": "closed"}, headers=player.headers)
    assert closed.json() == {"sessions": [], "next_cursor": None}
    other = await front.http.get(url, params=params | {"status": "active"}, headers=player.headers)
    assert (other.status_code, other.json()["code"]) == (422, "cursor_invalid")


async def test_own_bots_are_listed_drafts_too(front: Front) -> None:
    creator = await front.player()
    draft, live = await front.bot(BotStatus.DRAFT, creator), await front.bot(creator=creator)
    await front.bot()
    url = f"{ME}/bots"
    first = (await front.http.get(url, params={"limit": 1}, headers=creator.headers)).json()
    params = {"limit": 1, "cursor": first["next_cursor"]}
    rest = (await front.http.get(url, params=params, headers=creator.headers)).json()
    assert [bot["id"] for bot in first["bots"] + rest["bots"]] == [str(live), str(draft)]
    drafts = (await front.http.get(url, params={"status": "draft"}, headers=creator.headers)).json()
    assert [bot["id"] for bot in drafts["bots"]] == [str(draft)]


@pytest.mark.parametrize("path", ["", "/sessions", "/bots"])
async def test_it_takes_a_token(front: Front, path: str) -> None:
    assert (await front.http.get(ME + path)).status_code == 401
