"""Sign-in, idempotent requests, and the audit log."""

from datetime import UTC, datetime, timedelta

import pytest
import trio

from arena.store import audit, auth, auth_sessions, idempotency
from arena.store.idempotency import Claimed, Exhausted, InProgress, Mismatch, Replay
from persistence import Database


def soon(seconds: float = 60) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_a_nonce_is_used_once(database: Database) -> None:
    await auth.add_nonce(database, "n", expires_at=soon())
    assert await auth.consume_nonce(database, "n", wallet="w")
    assert not await auth.consume_nonce(database, "n", wallet="w")
    assert not await auth.consume_nonce(database, "never handed out", wallet="w")


async def test_an_expired_nonce_is_worth_nothing(database: Database) -> None:
    await auth.add_nonce(database, "n", expires_at=soon(-1))
    assert not await auth.consume_nonce(database, "n", wallet="w")


async def test_a_nonce_for_one_wallet_is_for_no_other(database: Database) -> None:
    await auth.add_nonce(database, "n", expires_at=soon(), wallet="w")
    assert not await auth.consume_nonce(database, "n", wallet="other")
    assert await auth.consume_nonce(database, "n", wallet="w")


async def test_of_racing_requests_one_uses_the_nonce(database: Database) -> None:
    await auth.add_nonce(database, "n", expires_at=soon())
    answers: list[bool] = []

    async def consume() -> None:
        answers.append(await auth.consume_nonce(database, "n", wallet="w"))

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(consume)
    assert sorted(answers) == [False] * 11 + [True]


async def test_only_what_expired_is_purged(world, database: Database) -> None:
    user = (await world.user()).id
    await auth.add_nonce(database, "kept", expires_at=soon())
    await auth.add_nonce(database, "gone", expires_at=soon(-1))
    kept = (await auth_sessions.begin(database, user, HASH, expires_at=soon())).session
    await auth_sessions.begin(database, user, OTHER, expires_at=soon(-1))
    assert await auth.purge_expired(database) == 2
    assert await auth.purge_expired(database) == 0
    assert await auth.consume_nonce(database, "kept", wallet="w")
    assert await auth_sessions.is_open(database, kept.id, user)
    assert await database.fetch_value("select count(*) from refresh_tokens") == 1


HASH, OTHER = bytes(32), bytes([1]) * 32


async def test_a_request_is_done_once_and_answered_the_same(world, database: Database) -> None:
    user = str((await world.user()).id)
    assert await idempotency.claim(database, user, "k", HASH) == Claimed()
    assert await idempotency.claim(database, user, "k", HASH) == InProgress()
    await idempotency.finish(database, user, "k", status=201, response=b"{}", location="/there")
    await idempotency.finish(database, user, "k", status=500, response=b"later")
    assert await idempotency.claim(database, user, "k", HASH) == Replay(201, b"{}", "/there")
    assert await idempotency.claim(database, user, "k", OTHER) == Mismatch()


async def test_a_key_is_its_users_own(world, database: Database) -> None:
    one, two = str((await world.user()).id), str((await world.user()).id)
    assert await idempotency.claim(database, one, "k", HASH) == Claimed()
    assert await idempotency.claim(database, two, "k", OTHER) == Claimed()


async def test_a_released_request_can_be_tried_again(world, database: Database) -> None:
    user = str((await world.user()).id)
    await idempotency.claim(database, user, "k", HASH)
    await idempotency.release(database, user, "k")
    assert await idempotency.claim(database, user, "k", OTHER) == Claimed()
    await idempotency.finish(database, user, "k", status=200, response=b"")
    await idempotency.release(database, user, "k")
    assert await idempotency.claim(database, user, "k", OTHER) == Replay(200, b"", None)


async def test_a_claim_of_a_dead_process_is_taken_over_by_one(world, database: Database) -> None:
    user = str((await world.user()).id)
    await idempotency.claim(database, user, "k", HASH)
    await database.execute("alter table idempotency_keys disable trigger touch")
    await database.execute("update idempotency_keys set updated_at = now() - interval '1 hour'")
    await database.execute("alter table idempotency_keys enable trigger touch")
    answers: list[object] = []

    async def claim() -> None:
        answers.append(await idempotency.claim(database, user, "k", HASH))

    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(claim)
    assert sorted(map(str, answers)) == ["Claimed()"] + ["InProgress()"] * 5


async def test_an_owner_has_so_many_keys_and_keeps_those(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEYS", 2)
    for key in ("one", "two"):
        assert await idempotency.claim(database, "somebody", key, HASH) == Claimed()
        await idempotency.finish(database, "somebody", key, status=200, response=b"")
    assert await idempotency.claim(database, "somebody", "three", HASH) == Exhausted()
    assert await idempotency.claim(database, "somebody", "two", HASH) == Replay(200, b"", None)
    assert await idempotency.claim(database, "somebody else", "three", HASH) == Claimed()


async def test_old_keys_are_purged(world, database: Database) -> None:
    user = str((await world.user()).id)
    await idempotency.claim(database, user, "k", HASH)
    assert await idempotency.purge(database, soon(-60)) == 0
    assert await idempotency.purge(database, soon()) == 1
    assert await idempotency.claim(database, user, "k", OTHER) == Claimed()


async def test_the_audit_log_is_read_newest_first(commit, database: Database) -> None:
    for number in range(3):
        await commit(
            audit.record("operator", "actor.restart", f"/game/bots/{number % 2}", {"number": number})
        )
    await commit(audit.record("chain", "bot.halted", "other"))
    entries = await audit.newest(database)
    assert [entry.detail for entry in entries] == [{}, {"number": 2}, {"number": 1}, {"number": 0}]
    assert [e.detail for e in await audit.newest(database, subject="/game/bots/0")] == [
        {"number": 2},
        {"number": 0},
    ]
    assert [e.id for e in await audit.newest(database, before=entries[1].id, limit=1)] == [entries[2].id]
