"""Who has earned most, as everybody sees it."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.live_arena import LiveArena, Person

RELOADS = 20


def reloaded_until(page: Page, there: Callable[[], int]) -> None:
    """What the page has read may be a moment old."""
    for _ in range(RELOADS):
        expect(page.locator(".board-place")).to_have_count(0)
        if there():
            return
        page.reload()
    raise AssertionError("it has never come")


def test_an_empty_board_says_what_to_do_about_it(page: Page, arena: LiveArena) -> None:
    page.goto("/leaderboards")
    expect(page.get_by_text("Nobody has solved a bot in this time.")).to_be_visible()
    page.get_by_role("button", name="Creators").click()
    expect(page.get_by_text("Nobody has earned anything with a bot in this time.")).to_be_visible()
    page.get_by_role("link", name="Open a bot").last.click()
    expect(page).to_have_url(re.compile("/open$"))


def test_what_is_chosen_is_in_the_address_and_nonsense_there_is_the_usual(
    page: Page, arena: LiveArena
) -> None:
    page.goto("/leaderboards?window=never&board=losers")
    for name in ("Solvers", "All time"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="7 days").click()
    page.get_by_role("button", name="Creators").click()
    expect(page).to_have_url(re.compile("window=7d"))
    expect(page).to_have_url(re.compile("board=creators"))
    page.reload()
    for name in ("Creators", "7 days"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")


def test_who_has_earned_is_listed_and_leads_to_the_profile(
    page: Page, arena: LiveArena, creator: Person
) -> None:
    creator.call("PATCH", "/users/me", {"username": "Keeper"})
    bot = creator.open_bot(name="The Keeper")
    arena.person().say(bot["id"], "hello")
    page.goto("/leaderboards?board=creators")
    reloaded_until(page, lambda: page.get_by_role("link", name="Keeper").count())
    row = page.get_by_role("row").nth(1)
    expect(row.get_by_role("cell").first).to_have_text("1")
    expect(row.get_by_role("cell").last).to_have_text("1")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Keeper", level=1)).to_be_visible()
    expect(page.get_by_text("The Keeper").first).to_be_visible()
