"""What brains may spend: limits that hold across requests, days and restarts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
import trio

from arena.brains import SpendingLimitReached
from arena.game import spending as module
from arena.game.spending import Spending
from arena.settings import Settings, load_settings
from arena.store import spending as store
from tests.fixtures.game import Game


def limits(of_a_bot: int = 1_000, of_the_house: int = 1_500) -> Settings:
    return load_settings(None, arena_llm_daily_tokens_per_bot=of_a_bot, arena_llm_daily_tokens=of_the_house)


async def spending_of(game: Game, settings: Settings | None = None) -> Spending:
    """As after a start."""
    spending = Spending(settings or limits(), game.journal)
    await spending.load(game.database)
    return spending


async def stored(game: Game, day: date | None = None) -> dict[UUID, int]:
    found = await store.of_day(game.database, day or datetime.now(UTC).date())
    return {spent.bot_id: spent.tokens for spent in found}


async def bot_ids(game: Game, count: int) -> list[UUID]:
    return [(await game.draft())[0].bot_id for _ in range(count)]


async def test_what_is_set_aside_is_written_before_and_corrected_after(game: Game) -> None:
    [bot_id] = await bot_ids(game, 1)
    purse = (await spending_of(game)).purse(bot_id, None, house=True)
    reserved = await purse.reserve(600)
    assert await stored(game) == {bot_id: 600}
    await reserved.correct(150)
    assert await stored(game) == {bot_id: 150}
    assert purse.affords(850)
    assert not purse.affords(851)


async def test_a_bots_limit_refuses_and_sets_nothing_aside(game: Game) -> None:
    [bot_id] = await bot_ids(game, 1)
    purse = (await spending_of(game)).purse(bot_id, None, house=False)
    await purse.reserve(600)
    with pytest.raises(SpendingLimitReached):
        await purse.reserve(401)
    assert await stored(game) == {bot_id: 600}
    await purse.reserve(400)


async def test_the_houses_limit_is_for_all_bots_together_that_it_pays(game: Game) -> None:
    first, second, own = await bot_ids(game, 3)
    spending = await spending_of(game)
    await spending.purse(own, None, house=False).reserve(1_000)
    await spending.purse(first, None, house=True).reserve(900)
    purse = spending.purse(second, None, house=True)
    assert purse.affords(600)
    with pytest.raises(SpendingLimitReached):
        await purse.reserve(601)


@pytest.mark.parametrize(
    ("limit", "house", "bound"),
    [
        (None, True, 1_000),
        (None, False, 1_000),
        (10, True, 10),
        (10, False, 10),
        (1_400, True, 1_000),
        (5_000, False, 5_000),
    ],
)
async def test_a_bots_own_limit_lowers_the_arenas_and_raises_it_if_its_creator_pays(
    game: Game, limit: int | None, house: bool, bound: int
) -> None:
    [bot_id] = await bot_ids(game, 1)
    purse = (await spending_of(game)).purse(bot_id, limit, house=house)
    assert purse.affords(bound)
    assert not purse.affords(bound + 1)


async def test_requests_at_once_do_not_pass_the_limit_together(game: Game) -> None:
    """All of one bot: in one batch of the journal they meet the same row."""
    [bot_id] = await bot_ids(game, 1)
    purse = (await spending_of(game)).purse(bot_id, None, house=True)
    refused = 0

    async def spend() -> None:
        nonlocal refused
        try:
            reserved = await purse.reserve(300)
        except SpendingLimitReached:
            refused += 1
        else:
            await reserved.correct(200)

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(spend)
    assert refused == 5
    assert await stored(game) == {bot_id: 600}


async def test_a_restart_forgets_nothing(game: Game) -> None:
    first, second = await bot_ids(game, 2)
    before = await spending_of(game)
    await before.purse(first, None, house=True).reserve(900)
    await (await before.purse(second, None, house=False).reserve(700)).correct(500)
    after = await spending_of(game)
    assert not after.purse(first, None, house=True).affords(101)
    assert after.purse(second, None, house=False).affords(500)
    assert not after.purse(second, None, house=False).affords(501)
    assert not after.purse(second, None, house=True).affords(601), "the house has spent 900"


async def test_a_new_day_begins_at_nothing_and_what_is_late_counts_for_its_own(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    [bot_id] = await bot_ids(game, 1)
    now = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    clock = SimpleNamespace(time=lambda: now.timestamp())
    monkeypatch.setattr(module, "time", clock)
    purse = (await spending_of(game)).purse(bot_id, None, house=True)
    late = await purse.reserve(1_000)
    assert not purse.affords(1)
    clock.time = lambda: (now + timedelta(seconds=2)).timestamp()
    assert purse.affords(1_000)
    await purse.reserve(100)
    await late.correct(10)
    assert await stored(game, date(2026, 3, 1)) == {bot_id: 10}
    assert await stored(game, date(2026, 3, 2)) == {bot_id: 100}
    assert not purse.affords(901)


async def test_old_days_are_forgotten(game: Game) -> None:
    [bot_id] = await bot_ids(game, 1)
    purse = (await spending_of(game)).purse(bot_id, None, house=True)
    await purse.reserve(100)
    today = datetime.now(UTC).date()
    assert await store.purge(game.database, today) == 0
    assert await store.purge(game.database, today + timedelta(days=1)) == 1
    assert await stored(game) == {}
