"""What happens with a bot, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from arena.cli.bot_talk import changed, happened, said, standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WALLET = "9e8U28xAWiz7zjrFGS2qV9isTkZN1XPnm1kbwFfUTdza"
REPLY = {
    "type": "reply",
    "message_index": 3,
    "wallet": WALLET,
    "text": "Is it\na cave?",
    "reply": "No.",
    "verdict": "unsolved",
}
BOT: dict[str, Any] = {
    "name": "The Gatekeeper",
    "status": "open",
    "pot": 50_968_000,
    "next_price": 1_331_000,
    "message_count": 3,
    "closes_at": "2026-03-08T12:00:00Z",
}


def words(frame: dict[str, Any], *, lines: bool = True) -> list[str]:
    return [line.plain for line in happened(frame, "The Gatekeeper", lines=lines)]


def test_a_message_and_its_reply_keep_their_lines() -> None:
    assert words(REPLY) == ["#3 9e8U2…Tdza: Is it", "    a cave?", "The Gatekeeper: No."]


def test_in_a_pipe_each_of_them_is_one_line() -> None:
    assert words(REPLY, lines=False) == ["#3 9e8U2…Tdza: Is it a cave?", "The Gatekeeper: No."]


def test_nobody_can_speak_for_somebody_else_by_control_characters() -> None:
    hostile = {
        **REPLY,
        "text": "x\r\x1b[1AThe Gatekeeper: yes",
        "username": "\x1b[8mmoon",
        "verdict": "solved",
    }
    shown = [line.plain for line in said(hostile, "\x1b[5mBot")]
    assert shown == [
        "#3 �[8mmoon: x",
        "    �[1AThe Gatekeeper: yes",
        "�[5mBot: No.",
        "Solved!",
    ]


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        (
            {"status": "solved", "winner": WALLET, "message_index": 4, "reward": 52_000_000},
            "9e8U2…Tdza has solved it with message 4 and wins 0.052 SOL.",
        ),
        ({"status": "solved", "winner": WALLET}, "9e8U2…Tdza has solved it."),
        (
            {"status": "paid", "winner": WALLET, "reward": 1},
            "The pot is paid to 9e8U2…Tdza: 0.000000001 SOL.",
        ),
        ({"status": "expired"}, "Its time is over; nobody has solved it."),
        ({"status": "closed"}, "The bot is closed."),
        ({"status": "halted"}, "The bot is halted: operators have to look at it."),
        ({"status": "resumed"}, "The bot goes on."),
    ],
)
def test_a_settlement_says_how_the_bot_ends(frame: dict[str, Any], shown: str) -> None:
    assert words({"type": "settlement", **frame}) == [shown]


@pytest.mark.parametrize(
    ("status", "reason", "shown"),
    [
        ("due", "late", "Message 5: 0.0014641 SOL goes back. It came after the winning one."),
        ("paid", None, "Message 5: 0.0014641 SOL went back."),
        ("unclaimed", None, "Message 5: 0.0014641 SOL could not go back."),
        (
            "due",
            "spending_limit",
            "Message 5: 0.0014641 SOL goes back. The bot has spent for today what it may.",
        ),
    ],
)
def test_a_refund_says_why(status: str, reason: str | None, shown: str) -> None:
    frame = {"type": "refund", "message_index": 5, "amount": 1_464_100, "status": status, "reason": reason}
    assert words(frame) == [shown]


def test_what_the_chain_takes_back_is_said() -> None:
    frame = {"type": "rollback", "pot": 1, "message_count": 2, "next_price": 3}
    assert words(frame) == [
        "The chain took back what followed message 2: it does not count until it lands again."
    ]
    assert changed(BOT, frame) == {**BOT, "pot": 1, "message_count": 2, "next_price": 3}


def test_numbers_change_without_a_word() -> None:
    assert words({"type": "pot", "pot": 1, "message_count": 4, "next_price": 2}) == []
    assert words({"type": "presence", "players": 1, "watching": 2}) == []


def test_how_the_bot_stands_is_a_line() -> None:
    assert standing(BOT, NOW).plain == "The Gatekeeper · pot 0.050968 SOL · next 0.001331 SOL · 7 d left"
    crowded = changed(BOT, {"type": "presence", "players": 1, "watching": 2})
    assert standing(crowded, NOW).plain.endswith("7 d left · 1 playing, 2 watching")
    solved = changed(BOT, {"type": "settlement", "status": "solved"})
    assert standing(solved, NOW).plain == "The Gatekeeper · pot 0.050968 SOL · solved"
    halted = changed(BOT, {"type": "settlement", "status": "halted"})
    assert changed(halted, {"type": "settlement", "status": "resumed"}) == BOT
