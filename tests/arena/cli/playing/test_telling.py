"""Frames in words."""

from typing import Any

import pytest

from arena.cli.playing.telling import told

ME, OTHER = "9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza", "DjVE6JNiYqPL2QXyCUUh8rNjHrbz9hXHNYt99MQ59qw1"


def words(**frame: Any) -> str | None:
    return told(frame, wallet=ME, name="Mira")


def reply(**values: Any) -> str | None:
    given = {"wallet": OTHER, "text": "Hello", "reply": "No.", "verdict": "unsolved", **values}
    return words(type="reply", **given)


def test_the_way_of_a_payment_is_told_step_by_step() -> None:
    payment: dict[str, Any] = {"type": "payment", "id": "m", "signature": "s", "message_index": 4}
    assert words(**payment, status="accepted") == "  the arena has it, and sends it to the chain"
    assert words(**payment, status="confirmed") == "  paid as message 4; the bot thinks"
    failed = words(**payment, status="failed", detail="Too late.", code="quote_expired")
    assert failed == "  nothing was paid: Too late."


def test_others_are_told_with_what_they_said_and_oneself_without() -> None:
    assert reply() == "DjVE6…9qw1: Hello\nMira: No."
    assert reply(wallet=ME) == "Mira: No."
    assert reply(wallet=ME, verdict="solved") == "Mira: No.  It is solved!"


def test_what_others_wrote_does_nothing_to_a_terminal() -> None:
    said = reply(text="\x1b[2Jgone\u202e", reply="\x07bell\r")
    assert said is not None
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(said)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            {"status": "due", "reason": "late"},
            "  message 5: 0.01 SOL come back, somebody had solved the bot before it",
        ),
        ({"status": "paid"}, "  message 5: 0.01 SOL are back"),
        (
            {"status": "unclaimed"},
            "  message 5: 0.01 SOL could not be paid back; the bot's account keeps them",
        ),
    ],
)
def test_a_refund_says_why(frame: dict[str, Any], expected: str) -> None:
    assert words(type="refund", message_index=5, amount=10_000_000, **frame) == expected


def test_the_end_says_who_has_won() -> None:
    solved: dict[str, Any] = {"type": "settlement", "status": "solved", "reward": 500_000_000}
    assert words(**solved, winner=ME) == "  You have solved it: 0.5 SOL are yours, and on their way."
    assert words(**solved, winner=OTHER) == "  DjVE6…9qw1 has solved it and wins 0.5 SOL."
    assert words(type="settlement", status="paid", winner=ME) == "  You have been paid."


def test_what_says_nothing_to_a_player_is_not_told() -> None:
    assert words(type="presence", players=1, watching=2) is None
