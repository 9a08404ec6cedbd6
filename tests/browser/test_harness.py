"""The harness itself: a test in a browser fails of what goes wrong there, and leaves something to look at."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from tests.browser.accessibility import axe
from tests.browser.conftest import OpenPage
from tests.browser.installed import VARIABLE, find_chromium
from tests.browser.live_arena import LiveArena
from tests.browser.pages import Pages
from tests.e2e.player import PHRASE

STRICT = "default-src 'none'; script-src 'self'"


def serve(page: Page, html: str, *, policy: str = "", status: int = 200) -> None:
    """Answer whatever the page asks for with this document, on behalf of a site."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
    page.route("https://site.test/**", lambda route: route.fulfill(status=status, headers=headers, body=html))
    page.goto("https://site.test/")


@pytest.mark.parametrize(
    ("html", "policy", "told"),
    [
        (
            "<script>setTimeout(() => { throw new Error('out of paper') })</script>",
            "",
            "uncaught: .*out of paper",
        ),
        ("<script>Promise.reject(new Error('no ink'))</script>", "", "uncaught: .*no ink"),
        ("<script>console.error('no toner')</script>", "", r"console\.error: no toner"),
        ("<script>window.evil = true</script>", STRICT, "Content Security Policy"),
        ("<p style='color: red'>", STRICT, "Content Security Policy"),
        ("<img src='http://127.0.0.1:9/'>", "", "failed: GET http://127.0.0.1:9/: net::ERR_UNSAFE_PORT"),
    ],
)
def test_what_goes_wrong_in_a_page_fails_the_test_unless_it_was_announced(
    pages: Pages, html: str, policy: str, told: str
) -> None:
    serve(pages.open(), html, policy=policy)
    with pytest.raises(AssertionError, match=told):
        pages.check()
    pages.errors.allow("")


def test_an_answer_that_is_an_error_counts_as_one(pages: Pages) -> None:
    serve(pages.open(), "gone", status=410)
    with pytest.raises(AssertionError, match="status of 410"):
        pages.check()
    pages.errors.allow("status of 411")
    with pytest.raises(AssertionError, match="status of 410"):
        pages.check()
    pages.errors.allow("status of 410")


def test_warnings_and_requests_that_a_page_takes_back_are_no_errors(pages: Pages) -> None:
    page = pages.open()
    serve(page, "<script>console.warn('low on paper')</script>")
    page.evaluate("""() => {
        const controller = new AbortController();
        const answer = fetch("/", {signal: controller.signal}).catch(() => {});
        controller.abort();
        return answer;
    }""")
    pages.check()
    assert any("low on paper" in line for line in pages.errors.console)


def test_a_page_that_crashes_fails_the_test(pages: Pages) -> None:
    page = pages.open()
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash")
    with pytest.raises(AssertionError, match="gone: "):
        pages.check()
    pages.errors.allow("gone: ")


def test_what_a_failed_test_leaves_are_pictures_of_its_pages_and_their_consoles(
    pages: Pages, tmp_path: Path
) -> None:
    for _ in range(2):
        serve(pages.open(), "<script>console.log('here I was')</script>")
    *pictures, console = pages.keep(tmp_path / "kept", "tests/browser/test_x.py::test_y[a b/c]")
    assert [path.name for path in pictures] == [
        "tests-browser-test_x.py-test_y-a-b-c-1.png",
        "tests-browser-test_x.py-test_y-a-b-c-2.png",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert console.read_text().count("here I was") == 2
    assert "page 2: https://site.test/" in console.read_text()


def test_rules_of_accessibility_that_a_page_breaks_are_named_with_the_place(page: Page) -> None:
    serve(page, "<!doctype html><html><title>x</title><main><h1>x</h1><img src='data:,' id='face'></main>")
    with pytest.raises(AssertionError) as caught:
        axe(page)
    said = str(caught.value)
    assert "image-alt" in said
    assert "#face" in said
    assert "html-has-lang" in said


def test_a_page_that_keeps_the_rules_passes_under_a_strict_policy(page: Page) -> None:
    html = "<!doctype html><html lang='en'><title>x</title><main><h1>x</h1><p>Read this.</p></main></html>"
    serve(page, html, policy=STRICT)
    axe(page)


def test_pages_are_strangers_to_each_other(open_page: OpenPage) -> None:
    first, second = open_page(), open_page()
    for page in (first, second):
        serve(page, "<p>x")
    first.evaluate("localStorage.setItem('secret', '1'); document.cookie = 'secret=1'")
    assert second.evaluate("[localStorage.getItem('secret'), document.cookie]") == [None, ""]


def test_an_arena_that_was_killed_is_the_same_after_a_new_start(
    own_arena: LiveArena, open_page: OpenPage
) -> None:
    creator, player = own_arena.person(), own_arena.person()
    bot = creator.open_bot()
    own_arena.process.kill()
    own_arena.start()
    answer = open_page(base_url=own_arena.url).goto("/")
    assert answer is not None
    assert answer.status == 200
    assert player.say(bot["id"], f"It is {PHRASE}")["verdict"] == "solved"


def test_the_browser_is_the_one_that_is_named_or_one_that_is_installed(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "google-chrome"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    nowhere = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert find_chromium({**nowhere, "PATH": str(program.parent)}) == str(program)
    assert find_chromium({**nowhere, VARIABLE: str(program)}) == str(program)
    assert find_chromium({"PATH": str(program.parent), VARIABLE: str(tmp_path / "none")}) is None
    application = tmp_path / "Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    application.parent.mkdir(parents=True)
    application.touch()
    assert find_chromium(nowhere) == str(application)
