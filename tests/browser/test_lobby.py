"""The lobby, as a visitor sees it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.accessibility import axe
from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.page_errors import AWAY, PageErrors


def test_a_bot_that_opens_is_shown_without_a_reload_when_the_visitor_wants_to_see_it(
    page: Page, creator: Person
) -> None:
    name = "Opened just now"
    page.goto("/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text(name)).to_have_count(0)
    creator.open_bot(name=name)
    page.get_by_role("button", name="A new bot is open: show").click()
    expect(page.get_by_text(name)).to_be_visible()
    axe(page)


def test_a_pot_rises_before_ones_eyes(page: Page, creator: Person) -> None:
    bot = creator.open_bot(name="It rises")
    page.goto("/")
    card = page.locator(".bot-card").filter(has=page.get_by_role("link", name="It rises"))
    expect(card.locator("arena-pot")).to_have_text("0.5 SOL")
    creator.say(bot["id"], "Up!")
    expect(card.locator("arena-pot")).to_have_text("0.508 SOL")
    expect(card.locator("arena-pot")).to_have_attribute("title", "508,000,000 lamports")
    expect(card).to_contain_text("0.0101 SOL")


def test_filters_are_in_the_address_and_survive_a_reload(page: Page, creator: Person) -> None:
    creator.open_bot(name="Wanted dead or alive")
    creator.open_bot(name="Not looked for")
    page.goto("/")
    page.get_by_label("Search").fill("dead wanted")
    expect(page.locator(".bot-card")).to_have_count(1)
    expect(page.get_by_role("link", name="Wanted dead or alive")).to_be_visible()
    page.get_by_label("Order").select_option("newest")
    expect(page).to_have_url("/?q=dead+wanted&sort=newest")
    page.reload()
    expect(page.locator(".bot-card")).to_have_count(1)
    expect(page.get_by_label("Search")).to_have_value("dead wanted")
    page.get_by_label("Kind").select_option("script")
    expect(page.get_by_text("No bot fits that.")).to_be_visible()


def test_back_leads_to_the_lobby_as_it_was_and_a_page_is_announced_by_its_heading(
    page: Page, creator: Person
) -> None:
    creator.open_bot(name="There and back")
    page.goto("/?sort=newest")
    page.get_by_role("link", name="There and back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("There and back")
    page.go_back()
    expect(page).to_have_url("/?sort=newest")
    expect(page.get_by_label("Order")).to_have_value("newest")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_a_lobby_without_its_arena_says_so_and_comes_back_by_itself(
    own_arena: LiveArena, open_page: OpenPage, page_errors: PageErrors
) -> None:
    page_errors.allow(*AWAY)
    page = open_page(base_url=own_arena.url)
    page.goto("/")
    expect(page.get_by_text("No bot is open right now.")).to_be_visible()
    own_arena.process.kill()
    expect(page.get_by_text("Offline: trying again")).to_be_visible()
    own_arena.start()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    own_arena.person().open_bot(name="After the outage")
    page.get_by_role("button", name="A new bot is open: show").click()
    expect(page.get_by_role("link", name="After the outage")).to_be_visible()


def test_an_address_of_nothing_leads_back_to_the_lobby(
    page: Page, page_errors: PageErrors, arena: LiveArena
) -> None:
    page_errors.allow("404")
    page.goto("/no/such/page")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    page.goto("/bots/018f4e39-0000-7c3e-9c41-2f6f0d3c5a11")
    expect(page.get_by_role("heading", level=1)).to_have_text("This bot cannot be shown")
    page.get_by_role("link", name="To the lobby").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Talk a bot out of its pot")
