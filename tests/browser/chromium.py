"""How tests start the Chromium of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.browser.installed import find_chromium, lacking

_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser without a window, with a new and empty profile.

    Within it the thread has a running asyncio loop, Playwright's: trio goes on working there, `asyncio.run` does not.

    Raises:
        FileNotFoundError: there is none.
    """
    program = find_chromium()
    if program is None:
        raise FileNotFoundError(lacking())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            headless=True,
            chromium_sandbox=os.geteuid() != 0,  # root cannot have one
            args=_ARGUMENTS,
        )
        try:
            yield browser
        finally:
            browser.close()
