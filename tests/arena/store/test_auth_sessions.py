"""Sessions of users, and the chain of their refresh tokens."""

from __future__ import annotations

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import trio

from arena.ids import new_id
from arena.store import auth_sessions
from arena.store.auth_sessions import AuthSession, Ended
from persistence import Database


def soon(seconds: float = 60) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def some_hash() -> bytes:
    return secrets.token_bytes(32)


async def begin(
    database: Database, user_id: UUID, token: bytes | None = None, seconds: float = 60
) -> AuthSession:
    begun = await auth_sessions.begin(database, user_id, token or some_hash(), expires_at=soon(seconds))
    return begun.session


async def test_a_session_is_its_users_until_it_ends(world, database: Database) -> None:
    user, other = await world.user(), await world.user()
    session = await begin(database, user.id)
    assert (session.user_id, session.wallet) == (user.id, user.wallet)
    assert await auth_sessions.get(database, session.id, user.id) == session
    assert await auth_sessions.is_open(database, session.id, user.id)
    assert not await auth_sessions.is_open(database, session.id, other.id)
    assert await auth_sessions.get(database, session.id, other.id) is None
    for _ in range(2):
        await auth_sessions.end(database, session.id)
        assert not await auth_sessions.is_open(database, session.id, user.id)
        assert await auth_sessions.get(database, session.id, user.id) is None


async def test_a_session_that_a_restored_database_does_not_know_is_not_open(database: Database) -> None:
    assert not await auth_sessions.is_open(database, new_id(), new_id())


async def test_a_session_ends_when_it_expires(world, database: Database) -> None:
    user, token = await world.user(), some_hash()
    session = await begin(database, user.id, token, seconds=-1)
    assert not await auth_sessions.is_open(database, session.id, user.id)
    assert await auth_sessions.get(database, session.id, user.id) is None
    assert await auth_sessions.rotate(database, token, some_hash()) is None


async def test_all_sessions_of_a_user_end_and_no_others(world, database: Database) -> None:
    user, other = await world.user(), await world.user()
    mine = {(await begin(database, user.id)).id for _ in range(3)}
    theirs = await begin(database, other.id)
    assert await auth_sessions.end_all(database, user.id) == mine
    assert await auth_sessions.end_all(database, user.id) == frozenset()
    assert await auth_sessions.is_open(database, theirs.id, other.id)


async def test_the_oldest_session_ends_when_there_are_too_many(
    world, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth_sessions, "MAX_SESSIONS", 3)
    user, other = await world.user(), await world.user()
    await begin(database, other.id)
    first, second, third = [await begin(database, user.id) for _ in range(3)]
    fourth = await auth_sessions.begin(database, user.id, some_hash(), expires_at=soon())
    assert fourth.ended == {first.id}
    open_ones = [second.id, third.id, fourth.session.id]
    assert [await auth_sessions.is_open(database, one, user.id) for one in (first.id, *open_ones)] == [
        False, True, True, True,
    ]  # fmt: skip


# -- refreshing


async def test_each_token_is_exchanged_for_the_next(world, database: Database) -> None:
    tokens = [some_hash() for _ in range(4)]
    session = await begin(database, (await world.user()).id, tokens[0])
    for token, successor in itertools.pairwise(tokens):
        assert await auth_sessions.rotate(database, token, successor) == session


async def test_a_token_that_was_never_given_out_is_nothing(world, database: Database) -> None:
    user, token = await world.user(), some_hash()
    session = await begin(database, user.id, token)
    assert await auth_sessions.rotate(database, some_hash(), some_hash()) is None
    assert await auth_sessions.rotate(database, token, some_hash()) == session


@pytest.mark.parametrize("age", [1, 2, 3])
async def test_a_token_that_is_used_again_ends_its_session_however_old_it_is(
    world, database: Database, age: int
) -> None:
    user = await world.user()
    tokens = [some_hash() for _ in range(4)]
    session, another = await begin(database, user.id, tokens[0]), await begin(database, user.id)
    for token, successor in itertools.pairwise(tokens):
        await auth_sessions.rotate(database, token, successor)
    assert await auth_sessions.rotate(database, tokens[-1 - age], some_hash()) == Ended(session)
    assert not await auth_sessions.is_open(database, session.id, user.id)
    assert [await auth_sessions.rotate(database, token, some_hash()) for token in tokens] == [None] * 4
    assert await auth_sessions.is_open(database, another.id, user.id)


async def test_the_same_exchange_may_be_repeated_until_its_successor_is_used(
    world, database: Database
) -> None:
    first, second, third = some_hash(), some_hash(), some_hash()
    session = await begin(database, (await world.user()).id, first)
    for _ in range(3):
        assert await auth_sessions.rotate(database, first, second) == session
    assert await auth_sessions.rotate(database, second, third) == session
    assert await auth_sessions.rotate(database, first, second) == Ended(session)


async def test_a_token_is_no_repetition_for_the_successor_of_another_session(
    world, database: Database
) -> None:
    user, mine, theirs = await world.user(), some_hash(), some_hash()
    session = await begin(database, user.id, mine)
    await begin(database, user.id, theirs)
    await auth_sessions.rotate(database, mine, some_hash())
    assert await auth_sessions.rotate(database, mine, theirs) == Ended(session)


async def test_of_racing_exchanges_one_counts_and_the_session_ends(world, database: Database) -> None:
    user, token = await world.user(), some_hash()
    session = await begin(database, user.id, token)
    answers: list[object] = []

    async def rotate() -> None:
        answers.append(await auth_sessions.rotate(database, token, some_hash()))

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(rotate)
    assert answers.count(session) == 1
    assert answers.count(Ended(session)) == 1
    assert answers.count(None) == 10
    assert not await auth_sessions.is_open(database, session.id, user.id)


async def test_racing_repetitions_of_one_exchange_all_count(world, database: Database) -> None:
    user, token, successor = await world.user(), some_hash(), some_hash()
    session = await begin(database, user.id, token)
    answers: list[object] = []

    async def rotate() -> None:
        answers.append(await auth_sessions.rotate(database, token, successor))

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(rotate)
    assert answers == [session] * 12


async def test_logging_out_and_refreshing_at_once_leaves_nothing_open(world, database: Database) -> None:
    user = await world.user()
    for _ in range(10):
        token = some_hash()
        session = await begin(database, user.id, token)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(auth_sessions.rotate, database, token, some_hash())
            nursery.start_soon(auth_sessions.end, database, session.id)
        assert not await auth_sessions.is_open(database, session.id, user.id)
    assert await database.fetch_value("select count(*) from refresh_tokens") == 0


async def test_a_session_can_be_refreshed_so_often_and_no_more(
    world, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth_sessions, "MAX_REFRESHES", 2)
    tokens = [some_hash() for _ in range(4)]
    session = await begin(database, (await world.user()).id, tokens[0])
    answers = [
        await auth_sessions.rotate(database, token, successor)
        for token, successor in itertools.pairwise(tokens)
    ]
    assert answers == [session, session, Ended(session)]
