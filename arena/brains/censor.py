"""A text that comes in pieces, without one word that must not be in it."""

from __future__ import annotations

from typing import Final

REPLACEMENT: Final = "[…]"


class Censor:
    """Takes ``word`` out of a stream, wherever the pieces are cut. An empty word: nothing."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._held = ""

    def pass_on(self, piece: str) -> str:
        """What can be shown now: what could still become the word is held back."""
        if not self._word:
            return piece
        text = (self._held + piece).replace(self._word, REPLACEMENT)
        longest = min(len(text), len(self._word) - 1)
        kept = next((size for size in range(longest, 0, -1) if self._word.startswith(text[-size:])), 0)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def rest(self) -> str:
        """What was held back, at the end."""
        held, self._held = self._held, ""
        return held
