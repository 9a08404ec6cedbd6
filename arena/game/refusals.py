"""What the game refuses, in words for players. Codes are stable; `docs/protocol.md` lists them."""

from __future__ import annotations

from typing import Literal

from arena.chain.payment import PaymentRefused
from arena.problems import Problem, unavailable
from arena.store.messages import Message


def bot_not_live(status: str) -> Problem:
    return Problem(
        "bot_not_live",
        "This bot takes no messages",
        409,
        {
            "draft": "It has not been opened yet.",
            "opening": "Its opening is not on the chain yet; try again in a moment.",
            "solved": "It has been solved.",
            "expired": "Its time is over.",
            "closed": "It is closed.",
            "halted": "It was halted by the operators.",
        }.get(status, f"It is {status}."),
        {"bot_status": status},
    )


def bot_not_halted() -> Problem:
    return Problem("bot_not_halted", "This bot is not halted", 409, "There is nothing to decide.")


def bot_ends_soon() -> Problem:
    return Problem(
        "bot_ends_soon", "This bot is about to end", 409, "A payment made now could miss its closing time."
    )


def keys_rotating() -> Problem:
    return Problem(
        "keys_rotating",
        "The arena is changing its keys",
        503,
        "This bot answers to other keys than the arena has. Nothing was paid; try again later.",
        {"retry_after": 30},
    )


def draft_outdated() -> Problem:
    return Problem(
        "draft_outdated",
        "The arena has changed its keys",
        409,
        "This draft was made for the old ones, which are part of its address. Draft it anew.",
    )


def bot_played() -> Problem:
    return Problem(
        "bot_played",
        "This bot has been played",
        409,
        "Somebody has paid for a message, or is about to. It ends by its terms.",
    )


def brain_unavailable(detail: str) -> Problem:
    return unavailable("brain", detail, retry_after=600)


def text_invalid(detail: str) -> Problem:
    return Problem("text_invalid", "This text cannot be taken", 422, detail)


def message_id_reused() -> Problem:
    return Problem(
        "message_id_reused",
        "This id belongs to another message",
        409,
        "The id was used with another text. Give every message an id of its own.",
    )


def quote_unknown() -> Problem:
    return Problem(
        "quote_unknown", "No quote for this message", 409, "Ask for a quote first: send the message again."
    )


def quote_expired() -> Problem:
    return Problem("quote_expired", "The quote has expired", 409, "Nothing was paid. Send the message again.")


def too_many_payments(of: Literal["session", "bot", "arena"]) -> Problem:
    return Problem(
        "too_many_payments",
        "Too many payments are under way",
        429,
        {
            "session": "As many payments of this session are under way as can be at once.",
            "bot": "As many paid messages to this bot wait for their verdicts as can at once.",
            "arena": "The arena is bringing as many payments to the chain as it can.",
        }[of],
        {"retry_after": 2},
    )


def funds_insufficient(balance: int, needed: int) -> Problem:
    """Both in lamports; ``needed`` is the fee of the message and the network's."""
    return Problem(
        "funds_insufficient",
        "The wallet cannot pay this",
        402,
        f"It holds {balance} lamports, and {needed} are needed with the network's fee. Nothing was sent.",
        {"balance": balance, "needed": needed},
    )


def funds_below_rent(balance: int, needed: int, least: int) -> Problem:
    """All in lamports; ``least`` is what the network lets a wallet hold, if it holds anything."""
    return Problem(
        "funds_below_rent",
        "The wallet would be left with too little",
        402,
        f"It holds {balance} lamports, {needed} are needed with the network's fee, and what is left has to be nothing "
        f"or at least {least}. Nothing was sent.",
        {"balance": balance, "needed": needed, "least": least},
    )


def payment_refused(refused: PaymentRefused) -> Problem:
    """What the examination of a signed transaction found, under its own code."""
    return Problem(refused.code, "The signed transaction is refused", 422, refused.detail)


def transaction_spent() -> Problem:
    return Problem(
        "transaction_spent",
        "This transaction had its chance",
        409,
        "It was sent before and did not take effect. Get a new one and sign that.",
    )


def already_paid(message: Message) -> Problem:
    return Problem(
        "message_already_paid",
        "This message is paid for already",
        409,
        f"It is {message.status.value}.",
        {"message_status": message.status.value},
    )
