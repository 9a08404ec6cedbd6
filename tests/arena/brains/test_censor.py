"""A word taken out of a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.brains.censor import REPLACEMENT, Censor


def censored(word: str, pieces: list[str]) -> list[str]:
    censor = Censor(word)
    return [*(censor.pass_on(piece) for piece in pieces), censor.rest()]


@given(st.text("ab", min_size=1, max_size=4), st.lists(st.text("abc", max_size=5), max_size=8))
def test_it_is_the_same_however_the_text_is_cut(word: str, pieces: list[str]) -> None:
    shown = "".join(censored(word, pieces))
    assert shown == "".join(pieces).replace(word, REPLACEMENT)
    assert word not in shown


@given(st.lists(st.text(max_size=5), max_size=8))
def test_without_a_word_everything_passes_at_once(pieces: list[str]) -> None:
    assert censored("", pieces) == [*pieces, ""]


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [(["a se", "cret b"], ["a ", f"{REPLACEMENT} b", ""]), (["a se", "ed"], ["a ", "seed", ""])],
)
def test_only_what_could_become_the_word_is_held_back(pieces: list[str], shown: list[str]) -> None:
    assert censored("secret", pieces) == shown
