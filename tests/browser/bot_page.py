"""A bot's page, as who plays there uses it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


class BotPage:
    """The page of a bot. Methods do what a player does and wait for what a player waits for."""

    def __init__(self, page: Page, bot_id: str) -> None:
        self.page = page
        self.path = f"/bots/{bot_id}"

    def enter(self) -> None:
        self.page.goto(self.path)
        self.expect_live()

    def expect_live(self) -> None:
        expect(self.page.get_by_label("Chat").get_by_text("Live", exact=True)).to_be_visible()

    def connect(self, wallet: str = "Play at once with a burner wallet") -> None:
        """Sign in through the button that stands where messages are sent."""
        self.page.get_by_role("button", name="Connect to play").click()
        self.page.get_by_role("button", name=wallet).click()
        # what is behind a dialog takes no text
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        expect(self.send).to_be_enabled()

    @property
    def text(self) -> Locator:
        return self.page.get_by_label("Your message to")

    @property
    def send(self) -> Locator:
        return self.page.get_by_role("button", name="Send for")

    def say(self, text: str) -> None:
        self.text.fill(text)
        self.send.click()

    @property
    def lines(self) -> Locator:
        """All exchanges, one's own on their way among them."""
        return self.page.locator("li.exchange")

    def line(self, text: str) -> Locator:
        """The one exchange with this text in it."""
        return self.lines.filter(has=self.page.get_by_text(text, exact=True))

    def stored(self, text: str) -> Locator:
        """Of the message with this text: that the arena has it and its payment, or more."""
        line = self.line(text)
        at = line.locator(".steps .now").filter(has_text=re.compile("Chain|Verdict"))
        return at.or_(line.locator(".replied")).first

    def expect_answered(self, text: str) -> None:
        """There is one line with the text, judged, and none on its way."""
        expect(self.line(text)).to_have_count(1)
        expect(self.line(text).locator(".replied")).to_be_visible()
        expect(self.line(text).locator(".steps")).to_have_count(0)

    def expect_solved(self) -> None:
        expect(self.page.get_by_text("Solved! The pot is yours.")).to_be_visible()

    def held(self) -> int:
        """Lamports of the wallet that is signed in, as the page shows them."""
        shown = self.page.locator("arena-wallet-menu .holds data")
        expect(shown).to_be_visible()
        return int(shown.get_attribute("value") or "-1")
