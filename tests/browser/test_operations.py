"""The page for those who run the arena."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_arena import LiveArena
from tests.browser.page_errors import PageErrors
from tests.browser.wallets import StandInWallet


@pytest.fixture(scope="module")
def operator() -> StandInWallet:
    return StandInWallet(name="Standard")


@pytest.fixture(scope="module")
def arena_settings(arena_settings: dict[str, str], operator: StandInWallet) -> dict[str, str]:
    return {**arena_settings, "ARENA_ADMIN_WALLETS": operator.address}


def entered(page: Page) -> Page:
    page.goto("/operations")
    expect(page.get_by_text("This page is for those who run the arena.")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Standard", exact=True).click()
    return page


def test_an_operator_sees_how_the_arena_is_and_its_actors(
    arena: LiveArena, open_page: OpenPage, operator: StandInWallet
) -> None:
    arena.person(operator.keys[0])
    page = entered(open_page(operator))
    expect(page.locator("arena-health")).to_contain_text("the arena can be played")
    tree = page.locator("arena-actor-tree")
    expect(tree).to_contain_text("journal")
    expect(page.locator("arena-audit")).to_be_visible()
    page.reload()
    expect(tree).to_contain_text("journal")


def test_nobody_else_sees_anything_and_is_told_why(
    arena: LiveArena, open_page: OpenPage, page_errors: PageErrors
) -> None:
    page_errors.allow("403")
    wallet = StandInWallet(name="Standard")
    arena.person(wallet.keys[0])
    page = entered(open_page(wallet))
    expect(page.get_by_text("is not one of their wallets")).to_be_visible()
    expect(page.get_by_role("main").get_by_text(wallet.address)).to_be_visible()
    expect(page.locator("arena-actor-tree")).to_have_count(0)
