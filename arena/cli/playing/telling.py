"""Frames of a chat, in words for a terminal."""

from __future__ import annotations

from typing import Final

from arena.cli.arena_client import Json
from arena.cli.plain import plain, short_address
from arena.economy import format_sol

REFUNDS: Final = {
    "late": "somebody had solved the bot before it",
    "unjudged": "the bot could not judge it",
    "spending_limit": "the bot has spent for today what it may",
}
_STEPS: Final = {
    "accepted": "the arena has it, and sends it to the chain",
    "confirmed": "paid as message {message_index}; the bot thinks",
    "taken_back": "the chain took the payment back; it is being sent again",
}


def told(frame: Json, *, wallet: str, name: str) -> str | None:
    """What a player should know of it; None: nothing. `name` is the bot's. Other people's texts are made plain."""
    match frame["type"]:
        case "payment" if frame["status"] in _STEPS:
            return f"  {_STEPS[frame['status']].format(**frame)}"
        case "payment":
            return f"  nothing was paid: {plain(frame.get('detail') or frame['status'])}"
        case "reply":
            return _reply(frame, wallet, name)
        case "pot":
            return f"  pot {format_sol(frame['pot'])}, next message {format_sol(frame['next_price'])}"
        case "rollback":
            return (
                f"  the chain took something back: what followed message {frame['message_count']} does not count, "
                "it is being sent again"
            )
        case "refund":
            return _refund(frame)
        case "settlement":
            return _settlement(frame, wallet)
        case "error":
            return f"  {plain(frame['detail'])} ({plain(frame['code'])})"
        case _:
            return None


def _reply(frame: Json, wallet: str, name: str) -> str:
    who = "you" if frame["wallet"] == wallet else short_address(frame["wallet"])
    solved = "  It is solved!" if frame["verdict"] == "solved" else ""
    said = f"{who}: {plain(frame['text'], lines=True)}\n"
    return f"{'' if who == 'you' else said}{plain(name)}: {plain(frame['reply'], lines=True)}{solved}"


def _refund(frame: Json) -> str:
    amount = format_sol(frame["amount"])
    match frame["status"]:
        case "due":
            why = REFUNDS.get(str(frame.get("reason")), "it does not count")
            return f"  message {frame['message_index']}: {amount} come back, {why}"
        case "paid":
            return f"  message {frame['message_index']}: {amount} are back"
        case _:
            return f"  message {frame['message_index']}: {amount} could not be paid back; the bot's account keeps them"


def _settlement(frame: Json, wallet: str) -> str | None:
    mine = frame.get("winner") == wallet
    match frame["status"]:
        case "solved" if mine:
            return f"  You have solved it: {format_sol(frame['reward'])} are yours, and on their way."
        case "solved":
            return f"  {short_address(frame['winner'])} has solved it and wins {format_sol(frame['reward'])}."
        case "paid":
            return f"  {'You have' if mine else short_address(frame['winner']) + ' has'} been paid."
        case "expired":
            return "  Its time is over."
        case "halted":
            return "  The bot stands still until the operators have looked at it. What was paid is safe."
        case "resumed":
            return "  The bot goes on."
        case _:
            return None
