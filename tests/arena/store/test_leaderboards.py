"""Leaderboards from rows: what counts, since when, and who shares a place."""

from __future__ import annotations

from typing import Any

import pytest

from arena.economy import Split
from arena.store import leaderboards, messages, solutions, transactions
from arena.store.leaderboards import Board, Window
from arena.store.users import User
from persistence import Database


async def ranks(database: Database, board: Board, window: Window = Window.ALL) -> list[tuple[Any, ...]]:
    standings, total = await leaderboards.read(database, board, window)
    assert total == len(standings)
    return [(one.rank, one.wallet, one.lamports, one.count) for one in standings]


async def solve(world, commit, winner: User, reward: int, *, creator: User | None = None, paid: bool = True):
    bot = await world.bot(creator=creator)
    message = await world.judged(await world.session(bot, winner), 1, solved=True)
    await world.solved(message, reward=reward)
    if paid:
        await commit(solutions.settled(bot.id, f"{bot.id}{'x' * 40}"))
    return bot


async def judged(world, commit, bot, solver: User, amount: int, index: int = 1) -> None:
    message = world.new_message(await world.session(bot, solver), amount=amount)
    fee = world.fee(message)
    await commit(messages.accept(message), transactions.send(fee))
    await commit(
        messages.paid(
            message.id, message_index=index, pot_share=0, fee_signature=fee.signature, fee_slot=index
        ),
        transactions.landed(fee.signature, slot=index),
    )
    await commit(messages.judged(message.id, reply="no", solved=False))


@pytest.mark.parametrize("board", list(Board))
@pytest.mark.parametrize("window", list(Window))
async def test_an_empty_board(database: Database, board: Board, window: Window) -> None:
    assert await leaderboards.read(database, board, window) == ([], 0)


async def test_solvers_are_ranked_by_final_rewards_and_share_places(
    world, commit, database: Database
) -> None:
    one, two, three, four = sorted([await world.user() for _ in range(4)], key=lambda user: user.wallet)
    for winner, reward in ((two, 50), (one, 20), (one, 30), (three, 90), (four, 10)):
        await solve(world, commit, winner, reward)
    await solve(world, commit, four, 1_000, paid=False)  # may still be taken back
    assert await ranks(database, Board.SOLVERS) == [
        (1, three.wallet, 90, 1),
        (2, one.wallet, 50, 2),
        (2, two.wallet, 50, 1),
        (4, four.wallet, 10, 1),
    ]


async def test_nobody_is_ranked_for_solving_his_own_bot(world, commit, database: Database) -> None:
    creator = await world.user()
    await solve(world, commit, creator, 50, creator=creator)
    assert await ranks(database, Board.SOLVERS) == []


@pytest.mark.parametrize("amount", [1_000_000, 999_999, 10_007, 3, 2**52 + 12_345])
async def test_a_creators_share_is_what_the_chain_takes_for_it(
    world, commit, database: Database, amount: int
) -> None:
    bot, creator = await world.bot(creator=(creator := await world.user())), creator
    await judged(world, commit, bot, await world.user(), amount)
    share = Split(bot.pot_bps, bot.creator_bps).divide(amount).creator
    assert await ranks(database, Board.CREATORS) == ([(1, creator.wallet, share, 1)] if share else [])


async def test_creators_are_ranked_by_what_others_paid_and_was_judged(
    world, commit, database: Database
) -> None:
    creator, player = await world.user(), await world.user()
    bot = await world.bot(creator=creator)
    await judged(world, commit, bot, player, 1_000_000, 1)
    await judged(world, commit, bot, player, 2_000_000, 2)
    await judged(world, commit, bot, creator, 4_000_000, 3)  # his own money
    refunding = await world.paid(await world.session(bot, player), 4)
    await commit(messages.refunding(refunding.id, reason="late"))
    await world.paid(await world.session(bot, player), 5)  # may still be refunded
    demo = await world.bot()
    await database.execute("update bots set demo = true where id = $1", demo.id)
    await judged(world, commit, demo, player, 1_000_000)
    assert await ranks(database, Board.CREATORS) == [(1, creator.wallet, 300_000, 2)]


@pytest.mark.parametrize("board", list(Board))
async def test_a_window_leaves_out_what_was_before(world, commit, database: Database, board: Board) -> None:
    winner = await world.user()
    bot = await solve(world, commit, winner, 50)
    earner = winner.wallet if board is Board.SOLVERS else (await world_creator(database, bot.creator_id))
    for hours, windows in (
        (1, set(Window)),
        (25, set(Window) - {Window.DAY}),
        (24 * 8, {Window.MONTH, Window.ALL}),
    ):
        await database.execute("alter table bot_solutions disable trigger touch")
        for table, column in (("bot_solutions", "created_at"), ("messages", "judged_at")):
            await database.execute(
                f"update {table} set {column} = now() - $1 * interval '1 hour'", float(hours)
            )
        for window in Window:
            wallets = [wallet for _, wallet, *_ in await ranks(database, board, window)]
            assert wallets == ([earner] if window in windows else [])


async def world_creator(database: Database, creator_id: object) -> str:
    return str(await database.fetch_value("select wallet from users where id = $1", creator_id))


async def test_more_than_can_be_ranked_are_counted(
    world, commit, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaderboards, "MAX_RANKED", 2)
    for reward in (1, 2, 3):
        await solve(world, commit, await world.user(), reward)
    standings, total = await leaderboards.read(database, Board.SOLVERS, Window.ALL)
    assert ([one.lamports for one in standings], total) == ([3, 2], 3)


@pytest.mark.parametrize("board", list(Board))
async def test_an_index_has_what_was_earned_since_some_time(world, database: Database, board: Board) -> None:
    if board is Board.CREATORS:
        await world.crowd()

    async def plan(connection) -> str:
        await connection.execute("set local enable_seqscan = off")
        sql = leaderboards._EARNED[board].replace("$1::timestamptz is null or", "").replace("$1", "now()")
        return "\n".join(row[0] for row in await connection.fetch(f"explain {sql}"))

    index = {Board.SOLVERS: "bot_solutions_rewards", Board.CREATORS: "messages_judged"}[board]
    assert index in await database.run(plan)
