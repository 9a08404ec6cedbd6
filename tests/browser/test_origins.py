"""Pages of other origins: what a real browser lets them do with a visitor's arena."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from solders.keypair import Keypair

from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.other_site import other_site
from tests.browser.page_errors import PageErrors

REFUSED_BY_CORS = (r"blocked by CORS policy", r"net::ERR_FAILED")
FETCH = """async ([url, options]) => {
    try {
        const response = await fetch(url, options);
        return {status: response.status, text: await response.text()};
    } catch (error) {
        return {error: error.name};
    }
}"""
CONNECT = """(url) => new Promise((resolve) => {
    const socket = new WebSocket(url, ["arena.v1"]);
    socket.onmessage = () => resolve("spoken to");
    socket.onclose = () => resolve("refused");
})"""


@pytest.fixture(scope="module")
def arena_settings(arena_settings: dict[str, str], friendly_site: str) -> dict[str, str]:
    return {**arena_settings, "ARENA_ALLOWED_ORIGINS": friendly_site}


@pytest.fixture(scope="module")
def hostile_site() -> Iterator[str]:
    with other_site() as origin:
        yield origin


@pytest.fixture
def hostile_page(open_page: OpenPage, hostile_site: str) -> Page:
    page = open_page(base_url=hostile_site)
    page.goto("/")
    return page


@pytest.fixture
def friendly_page(open_page: OpenPage, friendly_site: str) -> Page:
    page = open_page(base_url=friendly_site)
    page.goto("/")
    return page


def wanted(address: str) -> dict[str, object]:
    """A request that changes something: money from the faucet."""
    body = f'{{"address": "{address}", "lamports": 1000000}}'
    return {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": body}


def test_a_page_of_an_allowed_origin_uses_the_api(
    friendly_page: Page, arena: LiveArena, creator: Person
) -> None:
    address = str(Keypair().pubkey())
    answer = friendly_page.evaluate(FETCH, [f"{arena.url}/api/v1/faucet", wanted(address)])
    assert answer["status"] == 200
    assert creator.lamports(address) == 1_000_000


def test_a_hostile_page_cannot_read_the_api(
    hostile_page: Page, arena: LiveArena, page_errors: PageErrors
) -> None:
    page_errors.allow(*REFUSED_BY_CORS)
    answer = hostile_page.evaluate(FETCH, [f"{arena.url}/api/v1/chain", {}])
    assert answer == {"error": "TypeError"}


def test_a_hostile_page_cannot_make_the_api_do_anything(
    hostile_page: Page, arena: LiveArena, creator: Person, page_errors: PageErrors
) -> None:
    """Neither asked properly, nor with what browsers send without asking the server first."""
    page_errors.allow(*REFUSED_BY_CORS, r"net::ERR_BLOCKED_BY_RESPONSE")
    address, url = str(Keypair().pubkey()), f"{arena.url}/api/v1/faucet"
    assert hostile_page.evaluate(FETCH, [url, wanted(address)]) == {"error": "TypeError"}
    plain = {**wanted(address), "headers": {"Content-Type": "text/plain"}, "mode": "no-cors"}
    hostile_page.evaluate(FETCH, [url, plain])
    assert creator.lamports(address) == 0


@pytest.mark.parametrize(("site", "outcome"), [("friendly_page", "spoken to"), ("hostile_page", "refused")])
def test_only_pages_of_allowed_origins_are_spoken_to_over_a_websocket(
    request: pytest.FixtureRequest, arena: LiveArena, page_errors: PageErrors, site: str, outcome: str
) -> None:
    if outcome == "refused":
        page_errors.allow(r"WebSocket connection to .* failed")
    page = request.getfixturevalue(site)
    assert page.evaluate(CONNECT, arena.url.replace("http", "ws", 1) + "/ws/lobby") == outcome


def test_a_hostile_page_cannot_show_the_arena_inside_itself(
    hostile_page: Page, arena: LiveArena, page_errors: PageErrors
) -> None:
    page_errors.allow(r"frame-ancestors", r"net::ERR_BLOCKED_BY_RESPONSE")
    hostile_page.evaluate(
        """(url) => new Promise((resolve) => {
            const frame = document.createElement("iframe");
            frame.onload = resolve;
            frame.src = url;
            document.body.append(frame);
        })""",
        f"{arena.url}/",
    )
    [frame] = [frame for frame in hostile_page.frames if frame is not hostile_page.main_frame]
    assert frame.url.startswith("chrome-error:")
