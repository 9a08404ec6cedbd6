"""What counts as a message."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.game.text import checked_text
from arena.problems import Problem


def test_a_text_is_normalised_and_stripped() -> None:
    assert checked_text("  cafe\u0301 \n", 10) == "café"


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="empty"):
        checked_text(text, 10)


def test_the_limit_counts_characters() -> None:
    assert checked_text("é" * 10, 10) == "é" * 10
    with pytest.raises(Problem, match="longer than 10"):
        checked_text("é" * 11, 10)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x7fb", "a\x85b"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(Problem, match="control characters"):
        checked_text(text, 10)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        checked_text("a\ud800b", 10)
    assert refused.value.code == "text_invalid"


@given(st.text(max_size=200))
def test_what_passes_is_a_fixed_point_that_postgres_can_store(text: str) -> None:
    passed = text
    with contextlib.suppress(Problem):
        passed = checked_text(text, 100)
    if passed is text:
        return
    assert checked_text(passed, 100) == passed
    assert "\x00" not in passed
    passed.encode()
