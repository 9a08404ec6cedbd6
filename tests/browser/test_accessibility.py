"""Every page, as `make screenshots` takes it, keeps the rules of accessibility and fits a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.accessibility import axe
from tests.browser.pages import Pages
from tests.browser.screenshots import SCHEMES, SHOTS, Scene, Shot, open_shot, scene

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def seen(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("scene")) as seen:
        yield seen


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_page_keeps_the_rules_in_light_and_dark_and_fits_a_phone(
    pages: Pages, seen: Scene, shot: Shot
) -> None:
    page = open_shot(pages, shot, seen, base_url=seen.arena.url, reduced_motion="reduce")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        axe(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    axe(page)
