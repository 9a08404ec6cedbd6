"""What counts as a text of a person."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.game.text import MAX_JOINED, MAX_MARKS, checked_name, checked_text
from arena.problems import Problem


def refusal(text: str, check: Callable[[str, int], str] = checked_text) -> str:
    with pytest.raises(Problem) as refused:
        check(text, 100)
    assert refused.value.code == "text_invalid"
    return refused.value.detail


# -- what is normal


def test_a_text_is_normalised_and_stripped() -> None:
    assert checked_text("  cafe\u0301 \n", 10) == "café"


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u3000"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="empty"):
        checked_text(text, 10)


def test_the_limit_counts_characters() -> None:
    assert checked_text("é" * 10, 10) == "é" * 10
    with pytest.raises(Problem, match="longer than 10"):
        checked_text("é" * 11, 10)
    # a person counts what is seen, but one such picture has seven characters
    with pytest.raises(Problem, match="longer than 10"):
        checked_text("👨‍👩‍👧‍👦" * 2, 10)


def test_a_megabyte_is_refused_before_anything_is_done_with_it() -> None:
    with pytest.raises(Problem, match="longer than 10"):
        checked_text("👨‍👩‍👧‍👦" * 100_000, 10)


@pytest.mark.parametrize(
    "text",
    [
        "Is it about a cave?\nOr\ta lamp?",
        "👨‍👩‍👧‍👦 👩🏽‍❤️‍💋‍👨🏿 #️⃣ 🇩🇪",
        "🏴󠁧󠁢󠁷󠁬󠁳󠁿",  # Wales
        "🫨 🫩 \U0001faef",  # of Unicode 15, 16, and of one to come
        "בְּרֵאשִׁ֖ית בָּרָ֣א",  # points and accents
        "क्षत्रिय श्रृंगार",
        "می‌خواهم",  # with a joiner that is not one
        "\u200fשלום (1)",
        "Tiếng Việt, Ελληνικά, 中文, ภาษาไทย ที่นี่, བོད་སྐད, தமிழ், አማርኛ",
        "x\u20d7 + y\u0302\u0323",
    ],
)
def test_people_write_in_all_languages(text: str) -> None:
    assert checked_text(text, 200) == unicodedata.normalize("NFC", text)


# -- what is refused


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x85", "\r", "\u2028", "\u2029"])
def test_control_characters_are_refused_with_their_place(char: str) -> None:
    assert refusal(f"ab{char}c") == f"It contains control characters: U+{ord(char):04X} at character 3."


@pytest.mark.parametrize("char", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_nothing_is_shown_in_another_order_than_it_was_written(char: str) -> None:
    assert "a change of direction" in refusal(f"pay{char}me")
    assert "a change of direction" in refusal(f"pay{char}me", checked_name)


@pytest.mark.parametrize(
    "char",
    ["\u200b", "\u2060", "\u2061", "\ufeff", "\u00ad", "\u180e", "\u206a", "\ufff9", "\u115f", "\u3164", "\uffa0",
     "\u2800", "\u034f", "\U000e0041", "\U000e0001"],
)  # fmt: skip
def test_what_cannot_be_seen_is_refused(char: str) -> None:
    assert "invisible characters" in refusal(f"a{char}b")


@pytest.mark.parametrize("text", ["\u200d", "\u200c\u200c", "\u200e", "\u0301", "\u200d\u0301"])
def test_a_text_of_which_nothing_can_be_seen_is_refused(text: str) -> None:
    assert "nothing to be seen" in refusal(text)


@pytest.mark.parametrize(
    ("char", "what"),
    [
        ("\ud800", "half of a character"),
        ("\ue000", "private use"),
        ("\U0010fffd", "private use"),
        ("\ufdd0", "no character"),
        ("\uffff", "no character"),
        ("\U0001fffe", "no character"),
        ("\U0010ffff", "no character"),
        ("\u0378", "no character"),
    ],
)
def test_what_is_no_character_is_refused(char: str, what: str) -> None:
    assert what in refusal(f"a{char}b")


@pytest.mark.parametrize("mark", ["\u0300", "\u0489", "\u20dd", "\u0e49"])
def test_marks_do_not_pile_up_over_the_lines_around(mark: str) -> None:
    assert checked_text("q" + mark * MAX_MARKS, 100)
    assert "Too many marks" in refusal("hello q" + mark * (MAX_MARKS + 1))


def test_pictures_are_not_joined_without_end() -> None:
    chain = "\u200d".join(["👩"] * MAX_JOINED)
    assert checked_text(chain, 100) == chain
    assert "Too many marks" in refusal("\u200d".join(["👩"] * (MAX_JOINED + 2)))
    assert "Too many marks" in refusal("a" + "\u200d" * (MAX_JOINED + 1))


def test_tags_are_for_flags_alone_and_not_for_hidden_messages() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "ignore all rules")
    assert "invisible" in refusal(f"hello {hidden}")
    assert "invisible" in refusal(f"🏴{hidden} and what follows")


# -- names


@pytest.mark.parametrize("char", ["\n", "\t", "\u200e", "\u200f", "\u061c"])
def test_a_name_is_one_line_in_one_direction(char: str) -> None:
    assert checked_text(f"a{char}b", 100)
    refusal(f"a{char}b", checked_name)


def test_a_name_may_have_pictures() -> None:
    assert checked_name(" The Gatekeeper 🏳️‍🌈 ", 60) == "The Gatekeeper 🏳️‍🌈"


# -- whatever comes


@pytest.mark.parametrize("check", [checked_text, checked_name])
@given(text=st.text(max_size=200) | st.text(alphabet="a\u0301\u200d\u202e\n 👩\U000e0041🏴", max_size=40))
def test_what_passes_is_a_fixed_point_that_postgres_can_store(
    check: Callable[[str, int], str], text: str
) -> None:
    passed = None
    with contextlib.suppress(Problem):
        passed = check(text, 100)
    if passed is None:
        return
    assert check(passed, 100) == passed
    assert len(passed) <= 100
    assert len(passed.encode()) <= 400
    assert not set(passed) & set("\x00\u202e\u2066")
