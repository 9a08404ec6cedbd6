"""An arena that is about to end begins nothing new, and finishes what brains are at."""

from __future__ import annotations

import pytest
import trio

from arena.game.messages import OpenBot
from arena.game.signing import sign_first
from arena.problems import Problem
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, ScriptedBrain, World, eventually


async def test_nothing_new_is_begun(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote = await game.quote(player, "hello")
    drafted, creator = await game.draft()
    game.services.winding_down.begin()
    attempts = (
        lambda: game.quote(player, "something"),
        lambda: game.pay(player, quote),
        lambda: game.draft(),
        lambda: game.bot_ref(drafted.bot_id).ask(
            OpenBot(str(creator.pubkey()), sign_first(drafted.transaction, creator))
        ),
    )
    for attempt in attempts:
        with pytest.raises(Problem) as refusal:
            await attempt()
        assert (refusal.value.code, refusal.value.status) == ("shutting_down", 503)
        assert refusal.value.extra["retry_after"]


async def test_what_a_brain_is_at_is_finished_and_what_waits_is_judged_after_the_restart(
    brain: ScriptedBrain, world: World
) -> None:
    async with world.running() as game:
        bot = await game.open_bot()
        player = await game.player(bot)
        release = brain.gate("first")
        first, second = await game.say(player, "first"), await game.say(player, "second")
        await brain.wait_until_asked("first")
        ending = game.services.winding_down
        ending.begin()
        with trio.move_on_after(0.05):
            await ending.finished()
        assert ending.at_work == 1
        release.set()
        with trio.fail_after(5):
            await ending.finished()
        assert (await game.message(first.id)).status is MessageStatus.JUDGED
        assert (await game.message(second.id)).status is MessageStatus.PAID
        assert brain.asked == ["first"]
    async with world.running() as game:
        await game.message_becomes(second.id, MessageStatus.JUDGED)
        await eventually(lambda: game.services.winding_down.at_work == 0)
