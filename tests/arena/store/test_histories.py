"""What somebody has spent, won and earned, by hour or by day, from rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arena.economy import Split
from arena.store import earnings, histories, leaderboards, messages, profiles, solutions
from arena.store.histories import MAX_DAYS, Bucket
from arena.store.leaderboards import Board, Window
from arena.store.users import User
from persistence import Database

NOON = datetime(2026, 3, 15, 12, 30, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 15, tzinfo=UTC)


@pytest.fixture
async def user(world, database: Database) -> User:
    """Has been there for long."""
    user: User = await world.user()
    await database.execute(
        "update users set created_at = $2 where id = $1", user.id, NOON - timedelta(days=9999)
    )
    return User(user.id, user.wallet, None, NOON - timedelta(days=9999))


async def did(
    world,
    commit,
    database: Database,
    user: User,
    at: datetime,
    *,
    amount: int = 0,
    reward: int = 0,
    share: int = 0,
) -> None:
    """Pay for a message, win a reward, earn so much, all at this time."""
    if amount:
        message = await world.judged(await world.session(await world.bot(), user), 1)
        await database.execute(
            "update messages set amount = $2, pot_share = 0, created_at = $3, judged_at = $3 where id = $1",
            message.id,
            amount,
            at,
        )
    if reward:
        bot = await world.bot()
        winning = await world.judged(await world.session(bot, user), 1, solved=True)
        await database.execute("update messages set amount = 0, pot_share = 0 where id = $1", winning.id)
        await world.solved(winning, reward=reward)
        await commit(solutions.settled(bot.id, f"{bot.id}{'x' * 40}"))
        await database.execute("update bot_solutions set created_at = $2 where bot_id = $1", bot.id, at)
    if share:
        bot = await world.bot(creator=user)
        paid = await world.judged(await world.session(bot), 1)
        amount = share * 10_000 // bot.creator_bps
        await database.execute(
            "update messages set amount = $2, pot_share = 0, judged_at = $3 where id = $1",
            paid.id,
            amount,
            at,
        )


def something(buckets: list[Bucket]) -> list[tuple[Any, ...]]:
    return [
        (bucket.begins_at, bucket.spent, bucket.won, bucket.earned)
        for bucket in buckets
        if (bucket.spent, bucket.won, bucket.earned) != (0, 0, 0)
    ]


@pytest.mark.parametrize(
    ("window", "count", "step", "last"),
    [
        (Window.DAY, 24, timedelta(hours=1), MIDNIGHT + timedelta(hours=12)),
        (Window.WEEK, 7, timedelta(days=1), MIDNIGHT),
        (Window.MONTH, 30, timedelta(days=1), MIDNIGHT),
        (Window.ALL, MAX_DAYS, timedelta(days=1), MIDNIGHT),
    ],
)
async def test_a_window_has_all_its_buckets_and_the_present_one_is_the_last(
    user: User, database: Database, window: Window, count: int, step: timedelta, last: datetime
) -> None:
    found = await histories.read(database, user, window, NOON)
    assert found == [Bucket(last - ago * step, 0, 0, 0) for ago in reversed(range(count))]
    assert histories.width(window) == step


async def test_all_of_it_begins_with_the_day_of_joining(world, database: Database) -> None:
    user = await world.user()
    [today] = await histories.read(database, user, Window.ALL)
    assert today.begins_at <= user.created_at < today.begins_at + timedelta(days=1)
    later = await histories.read(database, user, Window.ALL, user.created_at + timedelta(days=2))
    assert len(later) == 3


async def test_what_was_done_is_in_the_bucket_of_its_time(
    world, commit, database: Database, user: User
) -> None:
    eleven = MIDNIGHT + timedelta(hours=11)
    second = timedelta(seconds=1)
    await did(world, commit, database, user, eleven, amount=1)
    await did(world, commit, database, user, eleven - second, amount=2, reward=10)
    await did(world, commit, database, user, eleven + second, amount=4, share=100)
    await did(world, commit, database, user, MIDNIGHT - second, reward=20, share=200)
    await did(world, commit, database, user, NOON - timedelta(days=20), amount=8)
    await did(world, commit, database, user, NOON - timedelta(days=400), amount=16, reward=40, share=400)

    async def found(window: Window) -> list[tuple[Any, ...]]:
        return something(await histories.read(database, user, window, NOON))

    hour, day = timedelta(hours=1), timedelta(days=1)
    assert await found(Window.DAY) == [
        (MIDNIGHT - hour, 0, 20, 200),
        (eleven - hour, 2, 10, 0),
        (eleven, 5, 0, 100),
    ]
    week = [(MIDNIGHT - day, 0, 20, 200), (MIDNIGHT, 7, 10, 100)]
    assert await found(Window.WEEK) == week
    month = [(MIDNIGHT - 20 * day, 8, 0, 0), *week]
    assert await found(Window.MONTH) == await found(Window.ALL) == month


async def test_it_adds_up_to_what_the_profile_and_the_board_say(world, commit, database: Database) -> None:
    """With all that does not count: refunds, rewards that are not final, one's own bots, the house's."""
    user, other = await world.user(), await world.user()
    own, demo = await world.bot(creator=user), await world.bot(creator=user)
    await database.execute("update bots set demo = true where id = $1", demo.id)
    for solver in (user, other):
        for bot in (own, demo):
            await world.judged(await world.session(bot, solver), 1 if solver is user else 2)
    await world.paid(await world.session(own, other), 3)
    await world.paying(await world.session(own, user))
    refunding = await world.paid(await world.session(await world.bot(), user), 1)
    await commit(messages.refunding(refunding.id, reason="late"))
    for reward, final in ((50, True), (70, False)):
        bot = await world.bot()
        await world.solved(await world.judged(await world.session(bot, user), 1, solved=True), reward=reward)
        if final:
            await commit(solutions.settled(bot.id, f"{bot.id}{'x' * 40}"))
    [today] = await histories.read(database, user, Window.ALL)
    deeds = await profiles.deeds(database, user.id)
    standings, _ = await leaderboards.read(database, Board.CREATORS, Window.ALL)
    [standing] = [one for one in standings if one.wallet == user.wallet]
    assert (today.spent, today.won, today.earned) == (deeds.spent, deeds.won, standing.lamports)
    share = Split(own.pot_bps, own.creator_bps).divide(1_000_000).creator
    assert (today.spent, today.won, today.earned) == (4_000_000, 50, share)
    assert await earnings.of_bots(database, [own.id, demo.id]) == {own.id: share}
    assert await earnings.of_bots(database, []) == {}


async def test_indexes_have_what_was_done_since_some_time(world, database: Database) -> None:
    creator, solver = await world.crowd()

    async def plan(connection: Any) -> str:
        await connection.execute("set local enable_bitmapscan = off")
        rows = []
        for sql in (
            f"select sum(amount) from messages where solver_id = '{solver}' and {profiles.KEPT}"
            " and created_at >= now() - interval '30 days'",
            f"select sum({earnings.SHARE}) from bots b join messages m on m.bot_id = b.id"
            f" where b.creator_id = '{creator}' and {earnings.COUNTS} and m.judged_at >= now() - interval '30 days'",
        ):
            rows += await connection.fetch(f"explain {sql}")
        return "\n".join(row[0] for row in rows)

    found = await database.run(plan)
    assert "Index Only Scan using messages_solver_created" in found
    assert "Index Only Scan using messages_bot_judged" in found
