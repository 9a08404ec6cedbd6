"""Keys of a terminal, by name."""

from __future__ import annotations

import pytest

from arena.cli.keyboard import keys_in


@pytest.mark.parametrize(
    ("typed", "keys", "rest"),
    [
        (b"q", ["q"], b""),
        (b"\x1b[A\x1b[B\x1bOA\x1bOB", ["up", "down", "up", "down"], b""),
        (b"\x1b[5~s\x1b[6~", ["page up", "s", "page down"], b""),
        (b"\x1b[H\x1b[4~", ["home", "end"], b""),
        (b"p\x1b", ["p"], b"\x1b"),
        (b"p\x1b[", ["p"], b"\x1b["),
        (b"\x1b[1;5", [], b"\x1b[1;5"),
        (b"\x1b[1;5Cq", ["q"], b""),
        (b"\x1b[15~\x01\xc3\xa9\rq", ["q"], b""),
        (b"\x1bq", ["q"], b""),
        (b"", [], b""),
    ],
)
def test_keys_are_told_apart_and_what_is_not_yet_whole_is_kept(
    typed: bytes, keys: list[str], rest: bytes
) -> None:
    assert keys_in(typed) == (keys, rest)


def test_a_sequence_that_comes_in_two_parts_is_one_key() -> None:
    _, rest = keys_in(b"\x1b[")
    assert keys_in(rest + b"5~") == (["page up"], b"")
