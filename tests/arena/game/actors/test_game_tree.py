"""The tree as it is declared, and what of it must not be stopped."""

from __future__ import annotations

from actors import ActorState
from arena.game.tree import INDISPENSABLE
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game


async def test_what_is_indispensable_is_there(game: Game) -> None:
    assert set(INDISPENSABLE) <= {info.path for info in game.system.tree()}


async def test_whatever_else_is_declared_can_be_stopped_while_a_round_is_played(game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    quote, outgoing = await game.send(player, "a cave?")
    stopped = {"/game/sessions", "/game/lobby", "/game/janitor"}
    declared = {info.path for info in game.system.tree() if info.path.count("/") < 3} | {
        "/game/chain/feed",
        "/game/chain/submitter",
        "/game/chain/finality",
    }
    assert declared - {"/"} == INDISPENSABLE.keys() | stopped
    for path in stopped:
        game.system.stop(path)
    await game.land(outgoing)
    message = await game.message_becomes(quote.message_id, MessageStatus.JUDGED)
    assert message.message_index == 1
    assert game.system.info(f"/game/bots/{bot.id}").failed == 0
    for path in stopped:
        assert game.system.info(path).state is ActorState.STOPPED
