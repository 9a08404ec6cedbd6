"""Leaderboards of a running game."""

from __future__ import annotations

from actors import Subscription
from arena.chain.submitter import TransactionKind
from arena.game.messages import ShowStandings
from arena.game.standings import Standings
from arena.store.leaderboards import Board, Window
from arena.store.messages import MessageStatus
from tests.fixtures.game import Game, ScriptedBrain, eventually


async def standings(game: Game, board: Board) -> Standings:
    answer = await game.services.lobby.ask(ShowStandings(board, Window.DAY))
    found = await answer.receive() if isinstance(answer, Subscription) else answer
    assert isinstance(found, Standings)
    return found


async def test_a_winner_is_on_the_board_when_the_reward_is_final(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    player = await game.player(bot)
    message = await game.say(player, "sesame")
    await game.message_becomes(message.id, MessageStatus.JUDGED)
    assert (await standings(game, Board.SOLVERS)).total == 0
    await game.settle(TransactionKind.SETTLE)

    async def is_ranked() -> bool:
        return (await standings(game, Board.SOLVERS)).place(player.address) == 0

    await eventually(is_ranked)  # before the board would be read again without being told


async def test_a_creator_is_on_the_board_with_the_first_verdict(brain: ScriptedBrain, game: Game) -> None:
    bot = await game.open_bot()
    assert (await standings(game, Board.CREATORS)).total == 0
    message = await game.say(await game.player(bot), "hello")
    await game.message_becomes(message.id, MessageStatus.JUDGED)

    async def is_ranked() -> bool:
        return [one.lamports for one in (await standings(game, Board.CREATORS)).listed] == [100_000]

    await eventually(is_ranked)
