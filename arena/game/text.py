"""What counts as a message. Normalised once, at the edge of the game."""

from __future__ import annotations

import unicodedata

from arena.game.refusals import text_invalid

_ALLOWED_CONTROLS = frozenset("\n\t")


def checked_text(text: str, max_length: int) -> str:
    """`text` in NFC without surrounding blanks.

    Raises:
        Problem: `text_invalid`: empty, longer than `max_length` characters, or with control characters.
    """
    if len(text) > 4 * max_length:
        raise text_invalid(f"It is longer than {max_length} characters.")
    normal = unicodedata.normalize("NFC", text).strip()
    if not normal:
        raise text_invalid("It is empty.")
    if len(normal) > max_length:
        raise text_invalid(f"It is longer than {max_length} characters.")
    for char in normal:
        if unicodedata.category(char) in ("Cc", "Cs") and char not in _ALLOWED_CONTROLS:
            raise text_invalid("It contains control characters.")
    return normal
