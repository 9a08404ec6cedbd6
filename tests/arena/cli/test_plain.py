"""What other people wrote does nothing to a terminal."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.cli.plain import MAX_MARKS, plain, short_address, sol, time_left


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b[31mred", "�[2J�[31mred"),
        ("\x1b]0;title\x07", "�]0;title�"),
        ("\x1b]8;;http://evil\x1b\\link", "�]8;;http://evil�\\link"),
        ("\x9b31m", "�31m"),
        ("back\b\bspace \x7f", "back��space �"),
        ("over\rwrite", "over write"),
        ("one\r\ntwo\nthree\u2028four", "one two three four"),
        ("a\tb", "a b"),
        ("evil \u202etxt.exe\u202c", "evil �txt.exe�"),
        ("\u2066a\u2069\u200f", "�a��"),
        ("in\u200bvis\u2060i\ufeffble\u00ad\u3164", "invisible"),
        ("half \ud83d", "half �"),
        ("private \ue000", "private �"),
        ("tags\U000e0041", "tags"),
    ],
)
def test_what_could_harm_is_taken_out(hostile: str, shown: str) -> None:
    assert plain(hostile) == shown


@pytest.mark.parametrize(
    "harmless", ["Grüße", "日本語", "هلا", "👩‍👧", "می‌خواهم", "e\u0301", "[bold]x[/bold]", "∑ – “q”"]
)
def test_what_people_write_stays(harmless: str) -> None:
    assert plain(harmless) == harmless


def test_lines_stay_if_they_are_wanted() -> None:
    assert plain("a\r\nb\rc\x0bd\n", lines=True) == "a\nb\nc\nd\n"


def test_marks_do_not_reach_over_other_lines() -> None:
    assert plain("a" + "\u0301" * 50 + "b") == "a" + "\u0301" * MAX_MARKS + "b"


@given(st.text(), st.booleans())
def test_nothing_is_left_that_a_terminal_acts_upon(text: str, lines: bool) -> None:
    shown = plain(text, lines=lines)
    left = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert left <= {"\u200c", "\u200d"} | ({"\n"} if lines else set())
    assert plain(shown, lines=lines) == shown


def test_amounts_are_exact() -> None:
    assert [sol(0), sol(1), sol(1_500_000_000), sol(9_007_199_254_740_993)] == [
        "0",
        "0.000000001",
        "1.5",
        "9007199.254740993",
    ]


def test_amounts_are_cut_down_where_there_is_no_room_and_nothing_but_0_is_0() -> None:
    assert [sol(0, 4), sol(1_239_999_999, 4), sol(50_000, 4), sol(100_000, 4), sol(99_999, 4)] == [
        "0",
        "1.2399",
        "<0.0001",
        "0.0001",
        "<0.0001",
    ]


def test_where_there_is_no_room_the_largest_unit_of_time_has_to_do() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert time_left(now + timedelta(days=2, hours=3), now, short=True) == "2 d"
    assert time_left(now + timedelta(hours=2, minutes=3), now, short=True) == "2 h"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=-1), "over"),
        (timedelta(0), "over"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=5, seconds=59), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(days=2, hours=3, minutes=9), "2 d 3 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=30, hours=5), "30 d"),
    ],
)
def test_how_much_time_is_left(left: timedelta, words: str) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert time_left(now + left, now) == words


def test_an_address_is_known_by_its_ends() -> None:
    assert short_address("9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza") == "9e8U2…Tdza"
