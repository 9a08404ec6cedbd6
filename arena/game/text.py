"""What counts as a text of a person: a message, a name. Normalised once, here; everything behind works with the result.

What others could not see, or would see in another order or over other lines than it was written, is refused rather than
taken out: a payment is bound to the text, so its author has to know what it is. Limits are in code points of the normal
form NFC; a code point has up to four bytes.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from arena.game.refusals import text_invalid

MAX_MARKS: Final = 6
"""Combining marks on one character. Hebrew with all its points and accents has four."""
MAX_JOINED: Final = 16
"""Marks, joiners, skin tones and tags that make one character with what they follow. A kiss of two has eight."""
MAX_TAGS: Final = 7
"""Tags after a black flag. That of Wales has six."""

_LINES: Final = frozenset("\n\t")
_JOINERS: Final = frozenset("\u200c\u200d")
_DIRECTION_MARKS: Final = frozenset("\u200e\u200f\u061c")
_SKIN_TONES: Final = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_TAGS: Final = frozenset(map(chr, range(0xE0020, 0xE0080)))
_BLACK_FLAG: Final = "\U0001f3f4"
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Not formatting by their category, and yet nothing is seen of them."""
_SEPARATORS: Final = frozenset("\u2028\u2029")
_NEW_EMOJI: Final = range(0x1F000, 0x1FB00)
"""Kept for pictures: those of tomorrow are unassigned today, and phones have them first."""
_PREPENDED: Final = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd\U000110cd")
"""Formatting by their category, but seen: signs around Arabic, Syriac and Kaithi numbers."""


def checked_text(text: str, max_length: int) -> str:
    """The text of a message: `text` in NFC without surrounding blanks.

    Raises:
        Problem: `text_invalid`, with what is wrong: empty, longer than `max_length` code points, control or invisible
            characters, changes of direction, what is no character, too many marks on one.
    """
    return _checked(text, max_length, lines=True)


def checked_name(text: str, max_length: int) -> str:
    """A name, as `checked_text`; also without line breaks, tabs and marks of direction.

    Raises:
        Problem: `text_invalid`.
    """
    return _checked(text, max_length, lines=False)


def _checked(text: str, max_length: int, *, lines: bool) -> str:
    if len(text) > 4 * max_length:
        raise text_invalid(f"It is longer than {max_length} characters.")
    normal = unicodedata.normalize("NFC", text).strip()
    if not normal:
        raise text_invalid("It is empty.")
    if len(normal) > max_length:
        raise text_invalid(f"It is longer than {max_length} characters.")
    if normal.isascii() and normal.isprintable():
        return normal  # there is something to be seen: blanks alone would have been stripped
    for place, char in enumerate(normal):
        if (wrong := _wrong(char, lines=lines)) is not None:
            raise text_invalid(f"It contains {wrong}: U+{ord(char):04X} at character {place + 1}.")
    _check_clusters(normal)
    if not any(unicodedata.category(char)[0] in "LNPS" or ord(char) in _NEW_EMOJI for char in normal):
        raise text_invalid("There is nothing to be seen in it.")
    return normal


def _wrong(char: str, *, lines: bool) -> str | None:
    """What a text must not contain, if this is it."""
    if char.isascii() and char.isprintable():
        return None
    if lines and char in _LINES | _DIRECTION_MARKS:
        return None
    if char in _BIDI or char in _DIRECTION_MARKS:
        return "a change of direction"
    if char in _BLANK:
        return "invisible characters"
    if char in _SEPARATORS:
        return "control characters"
    match unicodedata.category(char):
        case "Cc":
            return "control characters"
        case "Cs":
            return "half of a character"
        case "Co":
            return "characters for private use"
        case "Cn" if ord(char) & 0xFFFE == 0xFFFE or ord(char) not in _NEW_EMOJI:
            return "what is no character"
        case "Cf" if char not in _JOINERS | _TAGS | _PREPENDED:
            return "invisible characters"
        case _:
            return None


def _check_clusters(text: str) -> None:
    """Marks without end reach over the lines around them; joiners and tags without end hide what is between them."""
    marks = joined = tags = 0
    before = base = ""
    for place, char in enumerate(text):
        if unicodedata.category(char) in ("Mn", "Me", "Mc"):
            marks += 1
            joined += 1
        elif char in _JOINERS or char in _SKIN_TONES or char in _TAGS:
            tags += char in _TAGS
            if char in _TAGS and (base != _BLACK_FLAG or tags > MAX_TAGS):
                raise text_invalid(
                    f"It contains invisible characters: U+{ord(char):04X} at character {place + 1}."
                )
            marks = 0
            joined += 1
        else:
            marks = tags = 0
            base = char
            if before != "\u200d":
                joined = 0
        if marks > MAX_MARKS or joined > MAX_JOINED:
            raise text_invalid(f"Too many marks are on one character, at character {place + 1}.")
        before = char
