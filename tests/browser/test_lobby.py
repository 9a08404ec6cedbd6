"""The lobby, as a visitor sees it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import axe
from tests.browser.conftest import OpenPage
from tests.browser.live_arena import Person


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_bot_that_opens_is_shown_without_a_reload_when_the_visitor_wants_to_see_it(
    open_page: OpenPage, creator: Person, scheme: str
) -> None:
    name = f"Opened in the {scheme}"
    page = open_page(color_scheme=scheme)
    page.goto("/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text(name)).to_have_count(0)
    creator.open_bot(name=name)
    page.get_by_role("button", name="A new bot is open: show").click()
    expect(page.get_by_text(name)).to_be_visible()
    axe(page)
