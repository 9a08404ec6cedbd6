"""Patterns over words: what they match, against regular expressions that say the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.brains.matching import words
from arena.brains.patterns import MAX_ALTERNATIVES, MAX_TOKENS, MAX_WORDS, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("open the gate", "Open the gate!"),
        ("* gate", "would you kindly open the gate?"),
        ("* gate", "GATE"),
        ("open|unlock * gate|door", "unlock that rusty old door"),
        ("* please *", "please"),
        ("dont go", "Don't go."),
        ("straße", "STRASSE"),
    ],
)
def test_what_fits(pattern: str, message: str) -> None:
    assert compile_pattern(pattern).matches(words(message))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("open the gate", "open the gate now"),
        ("open the gate", "the gate open"),
        ("* gate", "gatekeeper"),
        ("open|unlock * gate", "close the gate"),
        ("* please *", ""),
    ],
)
def test_what_does_not(pattern: str, message: str) -> None:
    assert not compile_pattern(pattern).matches(words(message))


@pytest.mark.parametrize("pattern", ["", "*", "* *", "a|", "|", "!", "a-b", "*a", "x " * (MAX_TOKENS + 1)])
def test_what_is_no_pattern_is_refused_without_being_shown(pattern: str) -> None:
    with pytest.raises(ValueError, match="must") as refused:
        compile_pattern(pattern)
    if pattern == "a-b":
        assert pattern not in str(refused.value)


def test_the_words_to_choose_from_are_limited() -> None:
    compile_pattern("|".join(f"w{number}" for number in range(MAX_ALTERNATIVES)))
    with pytest.raises(ValueError, match=str(MAX_ALTERNATIVES)):
        compile_pattern("|".join(f"w{number}" for number in range(MAX_ALTERNATIVES + 1)))


def test_pasting_a_dictionary_matches_nothing() -> None:
    pattern = compile_pattern("* sesame *")
    assert pattern.matches(["word"] * (MAX_WORDS - 1) + ["sesame"])
    assert not pattern.matches(["word"] * MAX_WORDS + ["sesame"])


tokens = st.one_of(
    st.just("*"), st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True).map("|".join)
)


@given(
    st.lists(tokens, min_size=1, max_size=6).filter(lambda found: set(found) != {"*"}),
    st.lists(st.sampled_from("abcd"), max_size=8),
)
def test_it_matches_what_the_regular_expression_does(pattern: list[str], said: list[str]) -> None:
    written = "".join("(?:[a-z] )*" if token == "*" else f"(?:{token}) " for token in pattern)
    expected = re.fullmatch(written, "".join(f"{word} " for word in said)) is not None
    assert compile_pattern(" ".join(pattern)).matches(said) == expected


def test_the_worst_pattern_takes_no_more_steps_than_words_times_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What takes a backtracking matcher longer than the universe has been there."""
    looked = 0

    class Counting(str):
        def __hash__(self) -> int:
            nonlocal looked
            looked += 1
            return super().__hash__()

    pattern = compile_pattern(" ".join(["* a"] * (MAX_TOKENS // 2)))
    assert not pattern.matches([*[Counting("a")] * (MAX_WORDS - 1), Counting("b")])
    assert 0 < looked <= MAX_WORDS * MAX_TOKENS
