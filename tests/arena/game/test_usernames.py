"""What is a name, and which names look alike."""

import pytest

from arena.game.usernames import checked_username, skeleton
from arena.problems import Problem


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Moonlight", "Moonlight"),
        ("  a_b-9 ", "a_b-9"),
        ("Ｍｏｏｎ", "Moon"),  # full width
        ("x" * 20, "x" * 20),
        ("abc", "abc"),
    ],
)
def test_what_is_a_name(typed: str, name: str) -> None:
    assert checked_username(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ab",
        "x" * 21,
        "two words",
        "Émile",
        "Моон",  # cyrillic
        "a\u200bbc",
        "a\x00bc",
        "_abc",
        "abc-",
        "a.b.c",
        "a\ud800bc",
        "\u202eabc",
    ],
)
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(Problem) as refused:
        checked_username(typed)
    assert (refused.value.status, refused.value.code) == (422, "username_invalid")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Moonlight", "M00NLIGHT"),
        ("Moonlight", "moon-light"),
        ("Moonlight", "MoonIight"),  # a capital i
        ("Moonlight", "Moon1ight"),
        ("modern", "rnodern"),
        ("window", "vvindow"),
        ("dave", "clave"),
        ("Sphinx", "5phinx"),
        ("r-n_x", "mx"),
    ],
)
def test_names_that_look_alike_are_the_same(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_others_are_not() -> None:
    names = ["moonlight", "sunlight", "moonlit", "moon", "sphinx", "dragon", "anna", "hannah", "bob", "rob"]
    assert len({skeleton(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["admin", "Adm1n", "A-r-e-n-a", "0perator", "5upport"])
def test_nobody_speaks_for_the_arena(name: str) -> None:
    with pytest.raises(Problem) as refused:
        checked_username(name)
    assert (refused.value.status, refused.value.code) == (409, "username_taken")
