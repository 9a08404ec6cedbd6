"""Users and sessions."""

import trio

from arena.ids import new_id
from arena.store import sessions, users
from arena.store.sessions import SessionStatus
from persistence import Database


async def test_a_wallet_is_one_user_however_often_it_signs_in(database: Database) -> None:
    wallet = "7EqQdEULxWcraVx3mXKFjc84LhCkMGZCkRuDpvcMwJeK"
    first = await users.find_or_create(database, wallet)
    assert await users.find_or_create(database, wallet) == first
    assert await users.get(database, first.id) == first
    assert await users.by_wallet(database, wallet) == first
    assert first.username is None


async def test_racing_sign_ins_make_one_user(database: Database) -> None:
    wallet = "7EqQdEULxWcraVx3mXKFjc84LhCkMGZCkRuDpvcMwJeK"
    found: set[users.User] = set()

    async def sign_in() -> None:
        found.add(await users.find_or_create(database, wallet))

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(sign_in)
    assert len(found) == 1


async def test_nobody_is_none(database: Database) -> None:
    assert await users.get(database, new_id()) is None
    assert await users.by_wallet(database, "nobody") is None
    assert await sessions.get(database, new_id()) is None
    assert await sessions.find(database, new_id(), new_id()) is None


async def test_a_player_has_one_session_with_a_bot(world, database: Database) -> None:
    bot, player = await world.bot(), await world.user()
    found: set[sessions.ChatSession] = set()

    async def open_session() -> None:
        found.add(await sessions.find_or_create(database, bot.id, player.id))

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(open_session)
    (session,) = found
    assert (session.bot_id, session.solver_id, session.solver) == (bot.id, player.id, player.wallet)
    assert session.status is SessionStatus.ACTIVE
    assert await sessions.get(database, session.id) == session
    assert (await sessions.find_or_create(database, (await world.bot()).id, player.id)).id != session.id


async def test_a_bots_end_closes_its_sessions_only(world, commit, database: Database) -> None:
    bot, other = await world.bot(), await world.bot()
    player = await world.user()
    mine, kept = await world.session(bot, player), await world.session(other, player)
    await world.session(bot)
    await commit(sessions.close_all(bot.id))
    await commit(sessions.close_all(bot.id))
    assert [s.id for s in await sessions.of_solver(database, player.id, status=SessionStatus.CLOSED)] == [
        mine.id
    ]
    assert [s.id for s in await sessions.of_solver(database, player.id, status=SessionStatus.ACTIVE)] == [
        kept.id
    ]


async def test_sessions_of_a_player_come_in_pages_newest_first(world, database: Database) -> None:
    player = await world.user()
    made = [await world.session(await world.bot(), player) for _ in range(3)]
    first = await sessions.of_solver(database, player.id, limit=2)
    rest = await sessions.of_solver(database, player.id, before=first[-1].id, limit=2)
    assert [s.id for s in first + rest] == [s.id for s in reversed(made)]
