"""Patterns over words, for scripts: enough to author a dialogue, and nothing that takes long.

A pattern is a line of tokens separated by blanks. A token is a word; or several, of which one is to be there
(``open|unlock``); or ``*``, any number of words or none. The whole message has to match. Message and pattern are
compared as :func:`arena.brains.matching.words`, so case, accents' forms and punctuation do not count.

Matching follows all possibilities at once, so that its time is at most words times tokens. A message of more than
:data:`MAX_WORDS` words matches no pattern: pasting a dictionary does not win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from arena.brains.matching import words

MAX_WORDS: Final = 40
"""Words of a message that can match."""
MAX_TOKENS: Final = 12
MAX_ALTERNATIVES: Final = 12

_ANY: Final = None
"""The token ``*``."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is ready to be matched."""

    tokens: tuple[frozenset[str] | None, ...]

    def matches(self, said: Sequence[str]) -> bool:
        """Whether a message of these (normalised) words is of this pattern."""
        if len(said) > MAX_WORDS:
            return False
        end = len(self.tokens)
        here = self._past_any({0})
        for word in said:
            here = self._past_any(self._after(here, word))
            if not here:
                return False
        return end in here

    def _after(self, here: set[int], word: str) -> set[int]:
        """Where one may be after a word, having been at any of ``here``."""
        after = set()
        for at in here:
            if at == len(self.tokens):
                continue
            token = self.tokens[at]
            if token is _ANY:
                after.add(at)
            elif word in token:
                after.add(at + 1)
        return after

    def _past_any(self, here: set[int]) -> set[int]:
        """``here``, and wherever one comes from there without a word."""
        reached = set(here)
        for at in here:
            while at < len(self.tokens) and self.tokens[at] is _ANY:
                at += 1
                reached.add(at)
        return reached


def compile_pattern(text: str) -> Pattern:
    """The pattern that ``text`` writes.

    Raises:
        ValueError: it is none; the message says why, without the text.
    """
    tokens = tuple(_token(token) for token in text.split())
    if not 1 <= len(tokens) <= MAX_TOKENS:
        raise ValueError(f"must have between 1 and {MAX_TOKENS} words or *")
    if all(token is _ANY for token in tokens):
        raise ValueError("must have a word; what matches nothing else is for `otherwise`")
    return Pattern(tokens)


def _token(token: str) -> frozenset[str] | None:
    if token == "*":  # noqa: S105 -- no password
        return _ANY
    alternatives = token.split("|")
    if len(alternatives) > MAX_ALTERNATIVES:
        raise ValueError(f"must not have more than {MAX_ALTERNATIVES} words between |")
    if not all(map(_is_word, alternatives)):
        raise ValueError("must be words, * or words with | between them, separated by blanks")
    return frozenset(words(alternative)[0] for alternative in alternatives)


def _is_word(text: str) -> bool:
    """Whether it is one word and nothing else: somebody who writes a regular expression is to be told."""
    return bool(words(text)) and len(words(f"x{text}x")) == 1
