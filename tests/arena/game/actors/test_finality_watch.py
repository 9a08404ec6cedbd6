"""One watch asks about the events of all bots, and each hears of its own."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from arena.game import finality_watch
from arena.game.messages import Wake
from arena.store import chain_events
from arena.store.bots import Bot
from tests.fixtures.game import PATIENCE, Game, World, eventually


async def opened_unfinal(game: Game, count: int) -> list[Bot]:
    """Bots whose creation the chain can still take back."""
    game.chain.hold_finality()
    return [await game.open_bot() for _ in range(count)]


async def test_the_events_of_many_bots_become_final_also_in_several_pages(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finality_watch, "PAGE", 2)
    bots = await opened_unfinal(game, 5)
    assert all([await chain_events.unfinal(game.database, bot.id) for bot in bots])
    game.chain.release_finality()
    for bot in bots:
        await game.all_is_final(bot.id)


async def test_what_was_not_final_when_the_arena_ended_becomes_so_after_its_next_start(world: World) -> None:
    async with world.running() as game:
        [bot] = await opened_unfinal(game, 1)
    assert await chain_events.any_unfinal(world.database)
    world.chain.release_finality()
    async with world.running() as game:
        await game.all_is_final(bot.id)


async def test_when_all_is_final_nothing_is_asked_until_there_is_a_new_event(game: Game) -> None:
    bot = await game.open_bot()
    await game.all_is_final(bot.id)
    with trio.fail_after(PATIENCE):
        # many times as long as from one look to the next
        await trio.testing.wait_all_tasks_blocked(cushion=10 * game.world.settings.arena_settlement_interval)
    other = await game.open_bot()
    await game.all_is_final(other.id)


async def test_an_outage_of_the_node_is_waited_for(game: Game) -> None:
    [bot] = await opened_unfinal(game, 1)
    game.chain.release_finality()
    game.chain.down = True
    looked = game.system.info("/game/chain/finality")
    await trio.sleep(5 * game.world.settings.arena_settlement_interval)
    assert await chain_events.unfinal(game.database, bot.id)
    game.chain.down = False
    await game.all_is_final(bot.id)
    assert game.system.info("/game/chain/finality").restarts == looked.restarts == 0


async def test_a_bot_that_does_not_answer_does_not_keep_the_others_from_hearing(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finality_watch, "TELL_TIMEOUT", 0.05)
    bots = await opened_unfinal(game, 2)
    game.journal.crash_when = trio.Event()
    game.journal.crash_before = "chain_events.final"
    game.chain.release_finality()

    async def unfinal() -> list[Bot]:
        return [bot for bot in bots if await chain_events.unfinal(game.database, bot.id)]

    async def one_is_final() -> bool:
        return len(await unfinal()) == 1

    await eventually(one_is_final)
    # what is new goes on to be looked at meanwhile
    new = await game.open_bot()
    await game.all_is_final(new.id)
    [stuck] = await unfinal()
    game.journal.crash_when.set()
    await game.all_is_final(stuck.id)
    assert game.system.info(f"/game/bots/{stuck.id}").restarts == 1


async def test_a_bot_that_sleeps_is_told_too(game: Game) -> None:
    [bot] = await opened_unfinal(game, 1)
    path = f"/game/bots/{bot.id}"
    game.system.stop(path)
    game.chain.release_finality()
    await game.all_is_final(bot.id)
    await game.bot_ref(bot.id).ask(Wake())
