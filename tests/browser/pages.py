"""Pages of one test: each in a profile of its own, watched, and kept as a picture when the test fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser.page_errors import PageErrors
from tests.browser.wallets import StandInWallet

TIMEOUT_MS = 15_000
"""For a page's answer: far above what is needed, so that a busy machine fails no test."""
KEPT = Path("build/browser")
"""Where pictures and consoles of failed tests are, below the project's folder."""


class Pages:
    """Opens pages, and closes them all at the end."""

    def __init__(self, browser: Browser, base_url: str | None = None) -> None:
        self.errors = PageErrors()
        self._browser = browser
        self._base_url = base_url
        self._contexts: list[BrowserContext] = []

    def open(self, *wallets: StandInWallet, **options: Any) -> Page:
        """A page in a new and empty profile, in which these wallets are installed.

        Args:
            options: of Playwright's `new_context`, such as `base_url`, `viewport` or `color_scheme`.
        """
        context = self._browser.new_context(**{"base_url": self._base_url, **options})
        self._contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        self.errors.watch(context)
        for wallet in wallets:
            wallet.install(context)
        return context.new_page()

    @property
    def opened(self) -> list[Page]:
        return [page for context in self._contexts for page in context.pages]

    def check(self) -> None:
        """Raises: AssertionError: something went wrong in a page that nobody had announced."""
        for page in self.opened:
            self._hear_out(page)
        self.errors.check()

    def _hear_out(self, page: Page) -> None:
        """What a page has said so far has come when it has answered."""
        try:
            page.wait_for_selector("*", state="attached")
        except Error as error:
            self.errors.seen.append(f"gone: {error.message}")

    def keep(self, folder: Path, test: str) -> list[Path]:
        """Pictures of all pages and what was on their consoles, as files named for the test."""
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", test).strip("-")[-150:]
        kept: list[Path] = []
        for number, page in enumerate(self.opened, 1):
            path = folder / f"{name}-{number}.png"
            try:
                page.screenshot(path=path, full_page=True)
            except Error as error:
                self.errors.console.append(f"no picture of {page.url}: {error.message}")
            else:
                kept.append(path)
        console = folder / f"{name}.txt"
        urls = [f"page {number}: {page.url}" for number, page in enumerate(self.opened, 1)]
        console.write_text("\n".join([*urls, "", *self.errors.console, ""]))
        return [*kept, console]

    def close(self) -> None:
        for context in self._contexts:
            context.close()
