"""Words that bots are found by. The same for what is stored and for what is asked, and the same in every database.

Case, accents and widths of letters make no difference; what is no letter or digit separates words. Postgres compares
what comes out of here byte by byte, whatever its locale is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

MAX_WORD: Final = 64
"""Characters of a word that count."""
MAX_WORDS: Final = 2_000
"""Words of one text that count."""
MAX_ASKED: Final = 8
"""Words that may be looked for at once."""

_WORD = re.compile(r"[^\W_]+")


def words(*texts: str) -> list[str]:
    """The words of some texts, folded, each once, in order."""
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys(word[:MAX_WORD] for word in _WORD.findall(_folded(text)))
    return list(found)[:MAX_WORDS]


def asked(text: str) -> str | None:
    """A `tsquery` for what holds all these words, or words that begin with them; ``None`` if there is no word in it.

    Only the first `MAX_ASKED` words count.
    """
    return " & ".join(f"'{word}':*" for word in words(text)[:MAX_ASKED]) or None


def stored(texts: Iterable[str]) -> str:
    """The words of some texts as `bot_texts.words` has them."""
    return " ".join(words(*texts))


def _folded(text: str) -> str:
    # twice, because folding can bring out what normalising takes away
    once = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in unicodedata.normalize("NFKD", once) if not unicodedata.combining(char))
