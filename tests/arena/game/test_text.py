"""What counts as a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.game.text import checked_text
from arena.problems import Problem


def refused(text: str, limit: int = 10) -> str:
    with pytest.raises(Problem) as refusal:
        checked_text(text, limit)
    assert refusal.value.code == "text_invalid"
    return refusal.value.detail or ""


def test_blanks_around_a_message_do_not_count() -> None:
    assert checked_text("  hello \n", 5) == "hello"


def test_one_message_has_one_spelling() -> None:
    assert checked_text("e\N{COMBINING ACUTE ACCENT}", 1) == "\N{LATIN SMALL LETTER E WITH ACUTE}"


@pytest.mark.parametrize("text", ["", " ", "\n\t\n", "\N{NO-BREAK SPACE}"])
def test_an_empty_message_is_refused(text: str) -> None:
    assert "empty" in refused(text)


def test_the_limit_is_inclusive() -> None:
    assert checked_text("x" * 10, 10) == "x" * 10
    assert "10 characters" in refused("x" * 11)


def test_far_too_much_text_is_refused_before_any_work_is_done_with_it() -> None:
    assert "10 characters" in refused(" " * 1_000_000)


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x7f", "\x85", "\ud800"])
def test_what_no_terminal_and_no_database_takes_is_refused(char: str) -> None:
    assert "control characters" in refused(f"a{char}b")


def test_lines_and_tabs_are_part_of_a_message() -> None:
    assert checked_text("a\n\tb", 10) == "a\n\tb"


@given(st.text(max_size=60))
def test_a_checked_text_is_a_fixed_point_that_can_be_stored(text: str) -> None:
    try:
        checked = checked_text(text, 40)
    except Problem:
        return
    assert 0 < len(checked) <= 40
    assert "\0" not in checked
    assert checked.encode().decode() == checked
    assert checked_text(checked, 40) == checked
