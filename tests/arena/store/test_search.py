"""The words that bots are found by."""

import pytest

from arena.store import search


def test_case_accents_and_widths_make_no_difference() -> None:
    assert search.words("ÉTUDE Straße ﬁne ＷＩＤＥ naïve İstanbul") == [
        "etude",
        "strasse",
        "fine",
        "wide",
        "naive",
        "istanbul",
    ]


def test_what_is_no_letter_or_digit_separates_words_and_each_counts_once() -> None:
    assert search.words("a-b_c, a!", "42 b") == ["a", "b", "c", "42"]


def test_words_of_any_script_are_words() -> None:
    assert search.words("Привет 世界") == ["привет", "世界"]


@pytest.mark.parametrize("text", ["", "  ", "!?&|'\\:*", "\x00", "🜂"])
def test_a_text_without_words_asks_for_nothing(text: str) -> None:
    assert search.asked(text) is None


def test_what_is_asked_is_bounded() -> None:
    asked = search.asked(" ".join(f"w{number}" for number in range(100)))
    assert asked is not None
    assert asked.count("&") == search.MAX_ASKED - 1
    assert len(search.words("x" * 1000)[0]) == search.MAX_WORD
    assert len(search.words(" ".join(map(str, range(5000))))) == search.MAX_WORDS
