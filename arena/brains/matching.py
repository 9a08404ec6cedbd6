"""When a message says a phrase: tolerant of how it is written, not of how much is tried at once.

Texts are compared as words. Normalising is NFKC and case folding; apostrophes and invisible format characters
are dropped; everything else that is not a letter, mark or number separates words. A message says the phrase
if

1. its content is the phrase, written with any separators or none (``open-sesame``, ``OpenSesame``), or
2. it contains the words of the phrase, whole and in order, with at most :data:`MAX_EXTRA_WORDS` words around
them.

The bound makes a message worth a handful of guesses at most: pasting a dictionary does not win.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_EXTRA_WORDS: Final = 8

_APOSTROPHES: Final = frozenset("'’‘ʼ`´＇")
_NO_APOSTROPHES: Final = str.maketrans("", "", "'`")
_ASCII_WORDS: Final = re.compile("[0-9a-z]+")
_WORD_CATEGORIES: Final = frozenset("LMN")


@lru_cache(maxsize=512)
def words(text: str) -> tuple[str, ...]:
    """The normalised words of ``text``."""
    if text.isascii():  # nothing to normalise, and no character that has a word in it
        return tuple(_ASCII_WORDS.findall(text.translate(_NO_APOSTROPHES).lower()))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _drop(text)).casefold())
    return tuple(
        "".join(
            char if unicodedata.category(char)[0] in _WORD_CATEGORIES else " " for char in _drop(folded)
        ).split()
    )


def says(message: str, phrase: str) -> bool:
    """Whether ``message`` says ``phrase`` by the rule above. A phrase without words is never said."""
    wanted, given = words(phrase), words(message)
    if not wanted:
        return False
    if "".join(given) == "".join(wanted):
        return True
    return len(given) <= len(wanted) + MAX_EXTRA_WORDS and _has_run(given, wanted)


def mentions(text: str, phrase: str) -> bool:
    """Whether ``text``, of any length, contains the words of ``phrase`` whole and in order."""
    wanted = words(phrase)
    return bool(wanted) and _has_run(words(text), wanted)


def betrays(text: str, phrase: str) -> bool:
    """Whether ``text`` contains the letters of ``phrase`` anywhere, also inside or across words."""
    wanted = "".join(words(phrase))
    return bool(wanted) and wanted in "".join(words(text))


def first_clause(text: str, limit: int) -> str:
    """The beginning of ``text`` up to its first punctuation, cut at a word's end to ``limit`` characters."""
    clause = re.split(r"[.,;:!?()\n—–]", text.strip(), maxsplit=1)[0].strip()
    if len(clause) <= limit:
        return clause
    return clause[: limit + 1].rpartition(" ")[0].strip() or clause[:limit]


def _drop(text: str) -> str:
    return "".join(char for char in text if char not in _APOSTROPHES and unicodedata.category(char) != "Cf")


def _has_run(given: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    return any(given[start : start + size] == wanted for start in range(len(given) - size + 1))
