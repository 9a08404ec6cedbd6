"""The bots of a fresh local arena."""

from __future__ import annotations

import pytest

from arena.brains import Verdict, make_brain, validate
from arena.economy import FeeSchedule
from arena.game.demo_bots import demo_bots
from arena.game.drafts import DraftBot


def test_there_are_three_with_names_of_their_own() -> None:
    assert len({bot.name for bot in demo_bots()}) == 3


@pytest.mark.parametrize("bot", demo_bots(), ids=lambda bot: bot.name)
async def test_each_is_valid_and_is_solved_by_its_phrase_alone(bot: DraftBot) -> None:
    config = validate(bot.kind, bot.public, bot.secret)
    brain = make_brain(config.kind, config.public, config.secret)

    async def solves(text: str) -> bool:
        parts = [part async for part in brain.answer(text, [], 20)]
        assert isinstance(parts[-1], Verdict)
        return parts[-1].solved

    assert await solves(f"Is it {bot.secret['phrase']}?")
    assert not await solves(bot.public["objective"])
    for hint in bot.public["hints"]:
        assert not await solves(hint["text"])


@pytest.mark.parametrize("bot", demo_bots(), ids=lambda bot: bot.name)
def test_each_has_prices_that_grow_up_to_its_cap(bot: DraftBot) -> None:
    fees = FeeSchedule(bot.fee_base, bot.fee_growth_bps, bot.fee_cap or bot.fee_base)
    assert fees.price(0) == bot.fee_base < fees.price(10) < fees.price(10_000) == bot.fee_cap
