"""Who somebody is: one's own profile, a name, and what others see of it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from solders.keypair import Keypair

from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena, Person
from tests.browser.page_errors import PageErrors
from tests.browser.wallets import StandInWallet


def own_profile(arena: LiveArena, open_page: OpenPage) -> tuple[Page, StandInWallet]:
    """Somebody who has just signed in there."""
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    page = open_page(wallet)
    page.goto("/me")
    page.get_by_role("main").get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Standard", exact=True).click()
    expect(page.get_by_role("heading", name="My profile")).to_be_visible()
    expect(page.get_by_label("What others call you")).to_be_visible()
    return page, wallet


def test_a_name_is_taken_seen_by_others_and_given_back(arena: LiveArena, open_page: OpenPage) -> None:
    page, wallet = own_profile(arena, open_page)
    page.get_by_label("What others call you").fill("Mira-7")
    page.get_by_role("button", name="Take this name").click()
    expect(page.get_by_text("You are Mira-7 from now on.")).to_be_visible()
    stranger = open_page()
    stranger.goto(f"/players/{wallet.address}")
    expect(stranger.get_by_role("heading", name="Mira-7")).to_be_visible()
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("You are known by your wallet again.")).to_be_visible()
    expect(page.get_by_role("button", name="Take this name")).to_be_visible()
    stranger.reload()
    expect(stranger.get_by_role("heading", level=1)).to_have_text(re.compile(wallet.address[:4]))


def test_a_name_that_is_none_or_taken_is_refused_at_its_field(
    arena: LiveArena, open_page: OpenPage, creator: Person, page_errors: PageErrors
) -> None:
    page_errors.allow("422")
    page_errors.allow("409")
    creator.call("PATCH", "/users/me", {"username": "Keeper"})
    page, _ = own_profile(arena, open_page)
    field = page.get_by_label("What others call you")
    for name, wrong in (
        ("", "Type a name first."),
        ("no", "3 to 20 characters"),
        ("what a name", "letters A to Z"),
        ("KEEPER", "Choose another."),
    ):
        field.fill(name)
        page.get_by_role("button", name="Take this name").click()
        expect(page.locator("#username-wrong")).to_contain_text(wrong)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()


def test_who_has_done_nothing_yet_has_a_profile_of_zeros(arena: LiveArena, open_page: OpenPage) -> None:
    page, _ = own_profile(arena, open_page)
    tiles = page.locator("dl.tiles").first
    for name in ("Messages", "Bots played", "Bots solved", "Bots opened"):
        expect(tiles.locator(".tile", has_text=name).locator("dd")).to_have_text("0")


def test_a_wallet_that_never_signed_in_is_nobody_here(
    page: Page, arena: LiveArena, page_errors: PageErrors
) -> None:
    page_errors.allow("404")
    wallet = str(Keypair().pubkey())
    page.goto(f"/players/{wallet}")
    expect(page.get_by_role("heading", name="Nobody is known by this wallet")).to_be_visible()
    expect(page.get_by_text(wallet)).to_be_visible()
    page.get_by_role("link", name="Those who have played").click()
    expect(page.get_by_role("heading", name="Leaderboards")).to_be_visible()
