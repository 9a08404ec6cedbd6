from uuid import UUID

from arena.brains import Turn
from arena.game import recollection
from arena.game.recollection import Recollection

ANNA, BERT = UUID(int=1), UUID(int=2)


def turn(index: int, text: str = "hello") -> Turn:
    return Turn(index, text, "no")


def test_what_was_never_read_is_not_known_even_if_more_is_said() -> None:
    kept = Recollection(3)
    kept.add(ANNA, turn(1))
    assert kept.of(ANNA) is None


def test_a_session_has_its_latest_turns() -> None:
    kept = Recollection(3)
    kept.keep(ANNA, [turn(1)])
    for index in (2, 3, 4):
        kept.add(ANNA, turn(index))
    assert kept.of(ANNA) == [turn(2), turn(3), turn(4)]


def test_what_is_given_out_is_the_readers_own() -> None:
    kept = Recollection(3)
    kept.keep(ANNA, [turn(1)])
    (kept.of(ANNA) or []).clear()
    assert kept.of(ANNA) == [turn(1)]


def test_the_session_heard_of_longest_ago_gives_way() -> None:
    kept = Recollection(3, max_characters=20)
    kept.keep(ANNA, [turn(1)])
    kept.keep(BERT, [turn(2)])
    kept.add(ANNA, turn(3))
    assert kept.of(BERT) is None
    assert kept.of(ANNA) == [turn(1), turn(3)]


def test_too_much_for_all_is_too_much_for_one() -> None:
    kept = Recollection(3, max_characters=20)
    kept.keep(ANNA, [turn(1, "x" * 30)])
    assert kept.of(ANNA) is None
    kept.keep(ANNA, [turn(1)])
    assert kept.of(ANNA) == [turn(1)]


def test_sessions_that_have_said_nothing_are_limited_too(monkeypatch) -> None:
    monkeypatch.setattr(recollection, "MAX_SESSIONS", 2)
    kept = Recollection(3)
    for number in range(4):
        kept.keep(UUID(int=number), [])
    assert [kept.of(UUID(int=number)) for number in range(4)] == [None, None, [], []]


def test_nothing_is_left_after_it_was_cleared() -> None:
    kept = Recollection(3)
    kept.keep(ANNA, [turn(1)])
    kept.clear()
    assert kept.of(ANNA) is None
