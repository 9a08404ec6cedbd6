"""The pictures for the documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.screenshots import SCHEMES, SCREENS, SHOTS, scene, take


@pytest.mark.long
def test_every_page_is_taken_on_every_screen_in_every_scheme(browser: Browser, tmp_path: Path) -> None:
    with scene(tmp_path / "arena") as seen:
        pictures = list(take(browser, seen, tmp_path / "pictures"))
        statuses = {
            bot: seen.creator.call("GET", f"/bots/{bot}")["status"]
            for bot in (seen.open_bot, seen.solved_bot)
        }
    assert len(set(pictures)) == len(SHOTS) * len(SCREENS) * len(SCHEMES)
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert statuses[seen.open_bot] == "open"
    assert statuses[seen.solved_bot] in {"solved", "closing", "closed"}
