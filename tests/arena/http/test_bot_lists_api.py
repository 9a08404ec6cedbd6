"""Lists of bots over HTTP: orders, filters, search, cursors, and not being sent the same twice."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from arena.store import bot_views
from arena.store.bots import BotStatus
from tests.fixtures.front import Front

BOTS = "/api/v1/bots"


async def pages(front: Front, **params: str) -> list[UUID]:
    """The ids on all pages."""
    seen: list[UUID] = []
    while True:
        page = (await front.http.get(BOTS, params=params)).json()
        seen += [UUID(bot["id"]) for bot in page["bots"]]
        if page["next_cursor"] is None:
            return seen
        params["cursor"] = page["next_cursor"]


@pytest.mark.parametrize("sort", ["newest", "pot", "price", "ending", "played"])
async def test_every_order_has_every_bot_on_one_page_exactly(front: Front, sort: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    made = [
        await front.bot(
            fee_base=1_000_000 * (number % 3 + 1), closes_at=now + timedelta(hours=24 - number % 2)
        )
        for number in range(5)
    ]
    seen = await pages(front, sort=sort, limit="2")
    assert sorted(seen) == sorted(made)
    views = [await bot_views.get(front.database, bot_id) for bot_id in seen]
    keys = {
        "newest": lambda view: view.id,
        "pot": lambda view: (view.pot, view.id),
        "price": lambda view: (view.next_price, view.id),
        "ending": lambda view: (view.closes_at, view.id),
        "played": lambda view: (view.message_count, view.id),
    }
    assert views == sorted(views, key=keys[sort], reverse=sort in ("newest", "pot", "played"))


async def test_filters_hold_together(front: Front) -> None:
    creator, other = await front.player(), await front.player()
    wallet = str(creator.wallet.pubkey())
    mine = await front.bot(creator=creator)
    over = await front.bot(BotStatus.CLOSED, creator)
    theirs = await front.bot(creator=other, name="Sphinx")
    assert await pages(front, creator=wallet) == [over, mine]
    assert await pages(front, creator=wallet, status="open") == [mine]
    assert await pages(front, kind="passphrase", q="sphinx") == [theirs]
    assert await pages(front, kind="oracle") == []
    assert await pages(front, q="sphinx", creator=wallet) == []
    assert await pages(front, creator=str((await front.player()).wallet.pubkey())) == []
    nobody = "9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza"
    assert await pages(front, creator=nobody) == []


async def test_the_search_takes_anything_and_breaks_nothing(front: Front) -> None:
    bot_id = await front.bot(name="Émile")
    for text in ("EMILE", "e", "émile gatekeeper", "  emile!!"):
        assert await pages(front, q=text) == [bot_id]
    for text in ("'", "\\", "a & !b", "\x00", "%", "🜂", "' or true --", "cave"):
        response = await front.http.get(BOTS, params={"q": text})
        assert (response.status_code, response.json()["bots"]) == (200, [])
    assert (await front.http.get(BOTS, params={"q": "x" * 201})).status_code == 422


def forged(cursor: str, value: object) -> str:
    """A cursor of the same list to somewhere else."""
    mark = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    return base64.urlsafe_b64encode(json.dumps([mark, value]).encode()).decode().rstrip("=")


async def test_a_cursor_belongs_to_its_list_alone(front: Front) -> None:
    for _ in range(2):
        await front.bot()
    first = {"sort": "pot", "status": "open", "limit": "1"}
    cursor = (await front.http.get(BOTS, params=first)).json()["next_cursor"]
    assert (await front.http.get(BOTS, params=first | {"cursor": cursor, "limit": "5"})).status_code == 200
    for change in ({"sort": "price"}, {"status": "solved"}, {"q": "a"}, {"kind": "passphrase"}):
        response = await front.http.get(BOTS, params=first | {"cursor": cursor} | change)
        assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid")
        assert "other filters" in response.json()["detail"]


@pytest.mark.parametrize("sort", ["newest", "pot", "ending"])
async def test_what_is_no_cursor_is_refused(front: Front, sort: str) -> None:
    for _ in range(2):
        await front.bot()
    params = {"sort": sort, "limit": "1"}
    cursor = (await front.http.get(BOTS, params=params)).json()["next_cursor"]
    somebody = "018f4e3a-7b10-7c3e-9c41-2f6f0d3c5a11"
    bad = [
        "x",
        "",
        "é",
        "=" * 5,
        "x" * 4000,
        cursor[:-4],
        *(
            forged(cursor, value)
            for value in (None, 1, [], [1], [-1, somebody], [2**63, somebody], ["x", somebody], {"a": 1})
        ),
    ]
    for wrong in bad:
        response = await front.http.get(BOTS, params=params | {"cursor": wrong})
        assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid"), wrong


# -- not being sent the same twice


async def test_who_has_a_list_already_is_not_sent_it_again(front: Front) -> None:
    bot_id = await front.bot()
    for path in (BOTS, f"{BOTS}/{bot_id}", "/openapi.json"):
        first = await front.http.get(path)
        tag = first.headers["ETag"]
        assert tag.startswith('"')
        assert first.headers["Cache-Control"] == "public, no-cache"
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await front.http.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
            assert again.headers["Cache-Control"] == "public, no-cache"
            assert "Content-Type" not in again.headers
        for unknown in ('"other"', "nonsense", ""):
            again = await front.http.get(path, headers={"If-None-Match": unknown})
            assert (again.status_code, again.content) == (200, first.content)


async def test_a_list_that_has_changed_has_another_tag(front: Front) -> None:
    await front.bot()
    tag = (await front.http.get(BOTS)).headers["ETag"]
    await front.bot()
    again = await front.http.get(BOTS, headers={"If-None-Match": tag})
    assert (again.status_code, len(again.json()["bots"])) == (200, 2)
    assert again.headers["ETag"] != tag


async def test_a_draft_is_kept_by_nobody(front: Front) -> None:
    creator = await front.player()
    response = await front.http.get(
        f"{BOTS}/{await front.bot(BotStatus.DRAFT, creator)}", headers=creator.headers
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


# -- describing


async def test_a_creator_describes_his_bot_and_it_is_found_by_that(front: Front) -> None:
    creator = await front.player()
    bot_id = await front.bot(creator=creator)
    url = f"{BOTS}/{bot_id}"
    before = (await front.http.get(url)).json()
    assert (before["description"], before["revision"]) == ("", 1)
    change = {"description": " Mind the <b>cave</b> & 🜂\n", "revision": 1}
    edited = await front.http.patch(url, json=change, headers=creator.headers)
    assert edited.status_code == 200
    after = edited.json()
    assert after == before | {"description": "Mind the <b>cave</b> & 🜂", "revision": 2}
    assert (await front.http.get(url)).json() == after
    assert await pages(front, q="mind cave") == [bot_id]
    [entry] = await front.database.fetch("select actor, action, subject, detail::text from audit_log")
    assert entry["actor"] == str(creator.wallet.pubkey())
    assert (entry["action"], entry["subject"]) == ("bot.describe", str(bot_id))
    assert json.loads(entry["detail"]) == {"was": "", "is": "Mind the <b>cave</b> & 🜂"}


async def test_saying_the_same_again_changes_nothing_and_an_empty_description_is_none(front: Front) -> None:
    creator = await front.player()
    url = f"{BOTS}/{await front.bot(BotStatus.DRAFT, creator)}"
    for text, revision in (("A riddle", 2), ("A riddle", 2), ("", 3), ("  ", 3)):
        change = {"description": text, "revision": 1 if revision == 2 else 2}
        response = await front.http.patch(url, json=change, headers=creator.headers)
        assert (response.status_code, response.json()["revision"]) == (200, revision)
    assert response.json()["description"] == ""


async def test_of_two_who_edit_at_once_the_second_is_told(front: Front) -> None:
    creator = await front.player()
    url = f"{BOTS}/{await front.bot(creator=creator)}"
    for text, status in (("One", 200), ("Two", 409)):
        change = {"description": text, "revision": 1}
        response = await front.http.patch(url, json=change, headers=creator.headers)
        assert response.status_code == status
    assert response.json()["code"] == "bot_changed"
    assert await front.database.fetch_value("select count(*) from audit_log") == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revision": 1}, "validation_failed"),
        ({"description": "x"}, "validation_failed"),
        ({"description": "x" * 1001, "revision": 1}, "validation_failed"),
        ({"description": "x", "revision": 0}, "validation_failed"),
        ({"description": "x", "revision": 2**63}, "validation_failed"),
        ({"description": "x", "revision": 1, "name": "Sphinx"}, "validation_failed"),
        ({"description": "x", "revision": 1, "fee_base": 1}, "validation_failed"),
        ({"description": "nul\x00", "revision": 1}, "text_invalid"),
    ],
)
async def test_nothing_else_can_be_changed(front: Front, change: dict[str, object], code: str) -> None:
    creator = await front.player()
    url = f"{BOTS}/{await front.bot(creator=creator)}"
    response = await front.http.patch(url, json=change, headers=creator.headers)
    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_nobody_else_describes_it(front: Front) -> None:
    url = f"{BOTS}/{await front.bot()}"
    change = {"description": "x", "revision": 1}
    stranger = await front.player()
    response = await front.http.patch(url, json=change, headers=stranger.headers)
    assert (response.status_code, response.json()["code"]) == (404, "bot_not_found")
    assert (await front.http.patch(url, json=change)).status_code == 401
