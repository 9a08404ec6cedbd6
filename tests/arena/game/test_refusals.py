"""What players are told when the game says no."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest

from arena.chain.payment import PaymentRefused
from arena.game import refusals
from arena.store.bots import BotStatus

PROTOCOL = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text("utf-8")


@pytest.mark.parametrize("status", [status for status in BotStatus if status is not BotStatus.OPEN])
def test_a_bot_that_is_not_live_says_in_which_way(status: BotStatus) -> None:
    problem = refusals.bot_not_live(status)
    assert (problem.code, problem.status) == ("bot_not_live", 409)
    assert problem.extra == {"bot_status": status.value}
    assert re.fullmatch(r"[A-Z].*\.", problem.detail or "")


@pytest.mark.parametrize("of", ["session", "bot", "arena"])
def test_whoever_pays_too_much_at_once_is_told_when_to_come_back(
    of: Literal["session", "bot", "arena"],
) -> None:
    problem = refusals.too_many_payments(of)
    assert problem.status == 429
    assert f"{of} " in (problem.detail or "")
    assert problem.extra["retry_after"] == 2


def test_a_refused_payment_keeps_the_code_of_what_is_wrong_with_it() -> None:
    problem = refusals.payment_refused(PaymentRefused("amount_mismatch", "This pays another amount."))
    assert (problem.code, problem.status, problem.detail) == (
        "amount_mismatch",
        422,
        "This pays another amount.",
    )


@pytest.mark.parametrize(
    "problem",
    [
        refusals.bot_ends_soon(),
        refusals.message_id_reused(),
        refusals.quote_unknown(),
        refusals.quote_expired(),
        refusals.text_invalid("It is empty."),
    ],
)
def test_every_refusal_is_in_the_protocol(problem: refusals.Problem) -> None:
    assert f"`{problem.code}`" in PROTOCOL
    assert 400 <= problem.status < 500
