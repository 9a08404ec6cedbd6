"""The web app over HTTP: its page, its files, and what browsers may do with them."""

import re

import httpx
import pytest

from arena.web import load_bundle
from tests.fixtures.front import Front

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = (
    "/",
    "/bots/018f4e39-0000-7c3e-9c41-2f6f0d3c5a11",
    "/open",
    "/leaderboards",
    "/players/9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza",
    "/me",
    "/operations",
)


def policy(response: httpx.Response) -> dict[str, str]:
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {name: rest for name, _, rest in (directive.partition(" ") for directive in directives)}


@pytest.mark.parametrize("path", PAGES)
async def test_a_browser_gets_the_app_at_each_of_its_addresses(front: Front, path: str) -> None:
    response = await front.http.get(path, headers=BROWSER)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.content == load_bundle().shell.body


async def test_who_asks_for_no_page_is_told_where_to_go_in_json(front: Front) -> None:
    for accept in ("*/*", "application/json"):
        response = await front.http.get("/", headers={"Accept": accept})
        assert response.headers["Content-Type"] == "application/json"
        assert "Accept" in response.headers["Vary"]


async def test_a_browser_at_an_address_of_nothing_gets_the_app_with_404(front: Front) -> None:
    response = await front.http.get("/nothing/here", headers=BROWSER)
    assert response.status_code == 404
    assert response.content == load_bundle().shell.body


async def test_a_program_at_an_address_of_nothing_gets_a_problem(front: Front) -> None:
    response = await front.http.get("/nothing/here")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_everything_that_the_page_names_is_there(front: Front) -> None:
    page = (await front.http.get("/", headers=BROWSER)).text
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(addresses) > 5
    for address in addresses:
        assert (await front.http.get(address)).status_code == 200, address


async def test_files_are_kept_for_ever_and_the_page_is_asked_for_each_time(front: Front) -> None:
    asset = await front.http.get(f"/assets/{load_bundle().version}/main.js")
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    page = await front.http.get("/", headers=BROWSER)
    assert page.headers["Cache-Control"] == "public, no-cache"
    again = await front.http.get("/", headers=BROWSER | {"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]


async def test_files_of_another_version_are_not_there(front: Front) -> None:
    for path in ("/assets/0000000000000000/main.js", "/assets/../app.py", "/assets/main.js"):
        assert (await front.http.get(path)).status_code == 404


async def test_files_are_compressed_for_who_takes_that(front: Front) -> None:
    path = f"/assets/{load_bundle().version}/main.js"
    small = await front.http.get(path, headers={"Accept-Encoding": "gzip"})
    plain = await front.http.get(path, headers={"Accept-Encoding": "identity"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert small.content == plain.content
    assert "Accept-Encoding" in small.headers["Vary"]


async def test_the_page_runs_the_apps_own_scripts_and_nothing_else(front: Front) -> None:
    response = await front.http.get("/", headers=BROWSER)
    rules = policy(response)
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert (rules["require-trusted-types-for"], rules["trusted-types"]) == ("'script'", "arena")
    # nothing of the page itself would be stopped by that
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", response.text)


async def test_answers_of_the_api_are_no_pages(front: Front) -> None:
    response = await front.http.get("/api/v1/bots", headers=BROWSER)
    assert policy(response)["default-src"] == "'none'"
    assert "script-src" not in policy(response)
