"""Reads that are known: answered past the framework, the same way; by one read for all who ask at the same time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import trio
from structlog.testing import capture_logs

from arena.http import reads, shortcut
from arena.store import bot_lists
from persistence import DatabaseUnavailable
from tests.fixtures.front import Front, running_front

BOTS = "/api/v1/bots"
BOARD = "/api/v1/leaderboard/solvers?limit=3"
ORIGIN = "https://friend.example"


@pytest.fixture
async def front(postgres: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with running_front(
        postgres, tmp_path, with_lobby=True, arena_allowed_origins=(ORIGIN,), arena_hsts=60
    ) as running:
        yield running


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The routes that were answered past the framework, in their order."""
    routes: list[str] = []
    answer = shortcut._answer

    async def noting(known: reads.KnownRead, *args: Any) -> None:
        routes.append(known.route)
        await answer(known, *args)

    monkeypatch.setattr(shortcut, "_answer", noting)
    return routes


class Pages:
    """The reads of lists, each of which waits until it is let go, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = 0
        self.error: Exception | None = None
        self._go = trio.Semaphore(0)
        self._page = bot_lists.page
        monkeypatch.setattr(bot_lists, "page", self._read)

    async def _read(self, *args: Any, **kwargs: Any) -> Any:
        self.begun += 1
        await self._go.acquire()
        if self.error is not None:
            raise self.error
        return await self._page(*args, **kwargs)

    def let_go(self) -> None:
        self._go.release()

    async def wait_begun(self, number: int) -> None:
        with trio.fail_after(5):
            while self.begun < number:
                await trio.sleep(0.01)


def shown(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of a response but for its id and its time."""
    ours = {"x-request-id", "date"}
    headers = {name: value for name, value in response.headers.items() if name not in ours}
    return response.status_code, response.content, headers


@pytest.mark.parametrize("url", [BOTS, f"{BOTS}?sort=pot&limit=1", BOARD])
@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN}, {"Origin": "https://foe.example"}])
async def test_a_known_read_is_answered_as_the_first_time(
    front: Front, known: list[str], url: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        await front.bot()
    first = await front.http.get(url, headers=headers)
    assert (first.status_code, known) == (200, [])
    assert shown(await front.http.get(url, headers=headers)) == shown(first)
    condition = headers | {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}
    unchanged = await front.http.get(url, headers=condition)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert len(known) == 2
    # the same, asked for by another spelling of the URL, goes through the framework
    spelt = url.replace("/bots", "/b%6fts").replace("solvers", "s%6flvers")
    assert shown(await front.http.get(spelt, headers=condition)) == shown(unchanged)
    assert len(known) == 2


async def test_what_is_asked_for_later_is_never_older(front: Front, known: list[str]) -> None:
    for number in range(3):
        await front.bot()
        assert len((await front.http.get(BOTS)).json()["bots"]) == number + 1
    assert known == [BOTS, BOTS]


async def test_all_who_ask_at_the_same_time_share_a_read(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages(monkeypatch)
    seen: list[int] = []

    async def ask() -> None:
        seen.append(len((await front.http.get(BOTS)).json()["bots"]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await pages.wait_begun(1)
        for _ in range(10):
            nursery.start_soon(ask)
        await trio.sleep(0.2)
        pages.let_go()
        await pages.wait_begun(2)  # who came while the first was under way has to have one that began after
        await front.bot()
        pages.let_go()
    assert (pages.begun, seen) == (2, [0] + [1] * 10)


async def test_in_an_outage_nobody_waits_for_a_read_of_his_own(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages(monkeypatch)
    pages.error = DatabaseUnavailable("gone")
    answers: list[httpx.Response] = []

    async def ask() -> None:
        answers.append(await front.http.get(BOTS))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await pages.wait_begun(1)
        for _ in range(4):
            nursery.start_soon(ask)
        await trio.sleep(0.2)
        for _ in range(2):
            pages.let_go()
    assert pages.begun == 2
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "database_unavailable")}
    assert len({one.json()["instance"] for one in answers}) == 5
    pages.error = None
    pages.let_go()
    assert (await front.http.get(BOTS)).status_code == 200


async def test_a_fault_of_ours_is_logged_and_told_without_its_inside(
    front: Front, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await front.http.get(BOTS)
    pages = Pages(monkeypatch)
    pages.error = ZeroDivisionError("inside")
    pages.let_go()
    with capture_logs() as logs:
        response = await front.http.get(BOTS)
    assert (response.status_code, response.json()["code"], len(known)) == (500, "internal_error", 1)
    assert "inside" not in response.text
    [line] = [entry for entry in logs if entry["event"] == "a request failed"]
    assert (line["path"], line["request_id"]) == (BOTS, response.headers["X-Request-Id"])


async def test_a_client_that_leaves_does_not_take_the_read_from_others(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages(monkeypatch)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(front.http.get, BOTS)
        await pages.wait_begun(1)
        nursery.cancel_scope.cancel()
    pages.let_go()
    pages.let_go()
    with trio.fail_after(5):
        assert (await front.http.get(BOTS)).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
async def test_only_get_is_known(front: Front, known: list[str], method: str) -> None:
    await front.http.get(BOTS)
    response = await front.http.request(method, BOTS)
    assert (response.content == b"") == (method != "DELETE")
    assert (response.status_code, known) == (405 if method == "DELETE" else 200, [])


async def test_a_get_with_a_body_takes_the_long_way(front: Front, known: list[str]) -> None:
    for _ in range(2):
        response = await front.http.request("GET", BOTS, content=b"x" * 100)
        assert (response.status_code, known) == (200, [])
    assert (await front.http.get(BOTS)).status_code == 200


async def test_known_reads_are_limited_counted_and_logged(
    postgres: str, tmp_path: Path, known: list[str]
) -> None:
    async with running_front(
        postgres, tmp_path, arena_access_log=True, arena_rate_requests_address="3/3600"
    ) as front:
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
            for number in range(5):
                response = await front.http.get(BOTS, headers={"X-Request-Id": f"id-{number}"})
                assert response.headers["X-Request-Id"] == f"id-{number}"
                assert response.status_code == (200 if number < 3 else 429)
        assert (response.json()["code"], response.json()["instance"]) == ("rate_limited", "id-4")
        assert int(response.headers["Retry-After"]) > 60
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert front.services.traffic.requests == 5
    assert known == [BOTS] * 4
    lines = [
        (entry["request_id"], entry["method"], entry["route"], entry["status"])
        for entry in logs
        if entry["event"] == "request"
    ]
    assert lines == [(f"id-{n}", "GET", BOTS, 200 if n < 3 else 429) for n in range(5)]


async def test_no_more_urls_are_remembered_than_there_is_room_for(
    front: Front, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "MAX_KNOWN", 2)
    for limit in (1, 2, 1, 3, 1, 2):
        await front.http.get(BOTS, params={"limit": limit})
    assert len(known) == 2  # the second and the third time of 1
    long = {"q": "é" * 200}
    for _ in range(2):
        assert (await front.http.get(BOTS, params=long)).status_code == 200
    assert len(known) == 2


async def test_what_is_refused_is_not_remembered(front: Front, known: list[str]) -> None:
    for _ in range(2):
        assert (await front.http.get(f"{BOTS}?limit=0")).status_code == 422
        assert (await front.http.get(f"{BOTS}?cursor=x")).status_code == 422
        assert (await front.http.get("/api/v1/leaderboard/players")).status_code == 404
    assert known == []
