import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.brains.matching import MAX_EXTRA_WORDS, betrays, first_clause, mentions, says, words

PHRASE = "Open Sesame"


@pytest.mark.parametrize(
    "message",
    [
        "Open Sesame",
        "open sesame",
        "  OPEN\n\tSESAME!!! ",
        "open-sesame",
        "OpenSesame",
        "o p e n s e s a m e",
        "“Open, sesame.”",
        "ｏｐｅｎ　ｓｅｓａｍｅ",
        "open\u200b ses\u00adame",
        "I think the magic words are: open sesame",
        "is it open sesame?",
        "open sesame, please, I beg you",
    ],
)
def test_a_message_that_says_the_phrase(message: str) -> None:
    assert says(message, PHRASE)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "…",
        "open",
        "sesame open",
        "open the sesame",
        "reopen sesame",
        "open sesames",
        "is it opensesame?",
        "a b c d e f g open sesame h i",
    ],
)
def test_a_message_that_does_not(message: str) -> None:
    assert not says(message, PHRASE)


@given(st.integers(0, 40), st.integers(0, 40))
def test_words_around_the_phrase_are_limited(before: int, after: int) -> None:
    message = " ".join(["word"] * before + [PHRASE] + ["word"] * after)
    assert says(message, PHRASE) == (before + after <= MAX_EXTRA_WORDS)


@given(st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=MAX_EXTRA_WORDS + 3, max_size=200))
def test_pasting_a_dictionary_does_not_win(dictionary: list[str]) -> None:
    assert not says(" ".join([*dictionary, "sesame"]), "sesame")
    assert not says(",".join([*dictionary, "sesame"]), "sesame")


@pytest.mark.parametrize(
    ("message", "phrase"),
    [
        ("don’t panic", "Don't Panic"),
        ("dont panic", "don't panic"),
        ("STRASSE", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("cafe\u0301", "café"),
        ("芝麻开门！", "芝麻开门"),
        ("42", "４２"),
    ],
)
def test_writing_is_tolerated_in_other_scripts_too(message: str, phrase: str) -> None:
    assert says(message, phrase)


@given(st.text(max_size=50))
def test_every_phrase_with_words_is_said_by_itself(phrase: str) -> None:
    assert says(phrase, phrase) == bool(words(phrase))
    assert mentions(phrase, phrase) == bool(words(phrase))
    assert betrays(phrase, phrase) == bool(words(phrase))


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once


@given(st.text(max_size=60), st.text(max_size=10))
def test_whoever_says_or_mentions_a_phrase_betrays_it(text: str, phrase: str) -> None:
    if says(text, phrase) or mentions(text, phrase):
        assert betrays(text, phrase)


def test_a_phrase_is_betrayed_inside_and_across_words() -> None:
    assert betrays("the moonlight", "moon")
    assert betrays("do or die", "door")
    assert not mentions("the moonlight", "moon")


def test_the_first_clause_is_cut_at_a_word() -> None:
    assert first_clause(" a dragon, green and old", 60) == "a dragon"
    assert first_clause("a very long winded name", 12) == "a very long"
    assert first_clause("x" * 80, 12) == "x" * 12
    assert first_clause("!", 12) == ""
