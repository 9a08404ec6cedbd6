"""A line that is edited key by key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.cli.playing.line_editor import LONGEST, Ended, Interrupted, LineEditor


def typed(*keys: bytes) -> tuple[list[str], str]:
    editor = LineEditor()
    lines = [line for chunk in keys for line in editor.feed(chunk)]
    return lines, editor.text


def test_enter_ends_a_line_and_begins_another() -> None:
    assert typed(b"one\rtwo\nthr") == (["one", "two"], "thr")


def test_backspace_takes_a_letter_back_whatever_its_bytes() -> None:
    assert typed("aéx\x7f\x7f".encode()) == ([], "a")


def test_ctrl_w_takes_a_word_back_and_ctrl_u_all() -> None:
    assert typed(b"one two  \x17")[1] == "one "
    assert typed(b"one\x17")[1] == ""
    assert typed(b"one two\x15x")[1] == "x"


def test_a_letter_whose_bytes_come_apart_is_one_letter() -> None:
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert typed(first, second, b"\r") == (["é"], "")


@pytest.mark.parametrize("sequence", [b"\x1b[A", b"\x1b[1;5C", b"\x1bOH", b"\x1bb", b"\x1b[200~"])
def test_keys_that_are_not_known_leave_nothing(sequence: bytes) -> None:
    assert typed(b"a" + sequence + b"b") == ([], "ab")
    assert typed(b"a", *(bytes([byte]) for byte in sequence), b"b") == ([], "ab")


def test_ctrl_c_interrupts_and_ctrl_d_ends_an_empty_line_alone() -> None:
    with pytest.raises(Interrupted):
        typed(b"abc\x03")
    with pytest.raises(Ended):
        typed(b"\x04")
    assert typed(b"abc\x04") == ([], "abc")


def test_a_line_has_an_end() -> None:
    assert len(typed(b"x" * (LONGEST + 100))[1]) == LONGEST


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_whatever_comes_a_line_has_no_control_characters(chunks: list[bytes]) -> None:
    editor = LineEditor()
    for chunk in chunks:
        try:
            lines = editor.feed(chunk)
        except (Interrupted, Ended):
            return
        assert all(letter >= " " for line in [*lines, editor.text] for letter in line)
