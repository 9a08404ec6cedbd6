"""What goes wrong in a page and nobody sees: every test fails of it, unless it has announced it."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

TAKEN_BACK = "net::ERR_ABORTED"
"""A request that its page took back, or that was under way when the page was left: nothing went wrong."""

AWAY = ("ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_CONTENT_LENGTH_MISMATCH", "WebSocket connection", "503")
"""What a browser says of an arena that is not there."""


class PageErrors:
    """Uncaught exceptions, errors on the console (violations of the Content-Security-Policy and answers of 400 and
    above are among them) and failed requests, of all pages that are watched, in the order they came.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.console: list[str] = []
        """All that was on the consoles, whatever its level."""
        self._allowed: list[re.Pattern[str]] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("weberror", self._on_exception)
        context.on("console", self._on_console)
        context.on("requestfailed", self._on_failed)

    def allow(self, *patterns: str) -> None:
        """Announce errors: those in which one of these regular expressions is found are right, however many."""
        self._allowed += [re.compile(pattern) for pattern in patterns]

    @property
    def unannounced(self) -> list[str]:
        return [error for error in self.seen if not any(pattern.search(error) for pattern in self._allowed)]

    def check(self) -> None:
        """Raises: AssertionError: there was something that nobody had announced."""
        if errors := self.unannounced:
            raise AssertionError("errors in the browser:\n" + "\n".join(errors))

    def _on_exception(self, error: WebError) -> None:
        self._note(f"uncaught: {error.error.stack or error.error}")

    def _on_console(self, message: ConsoleMessage) -> None:
        location = message.location
        line = f"console.{message.type}: {message.text} ({location['url']}:{location['lineNumber']})"
        if message.type == "error":
            self._note(line)
        else:
            self.console.append(line)

    def _on_failed(self, request: Request) -> None:
        if request.failure != TAKEN_BACK:
            self._note(f"failed: {request.method} {request.url}: {request.failure}")

    def _note(self, error: str) -> None:
        self.seen.append(error)
        self.console.append(error)
