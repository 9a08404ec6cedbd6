"""Watching a bot: what everybody may see of it, for anybody."""

from uuid import UUID

import pytest
import trio

from arena.edge.authentication import Authenticator
from arena.game.messages import Published
from arena.ids import new_id
from arena.store import bot_views
from arena.store.bot_views import BotView
from arena.store.bots import BotStatus
from arena.store.sessions import ChatSession
from persistence import Database, DatabaseUnavailable
from tests.fixtures.front import Client, Front


async def publish(front: Front, session: ChatSession, seq: int) -> None:
    """Write a frame for everybody into the bot's log, and publish it, as a bot does."""
    frame = await front.record(session, seq, for_all=True)
    front.game.publisher(session.bot_id).publish((Published(seq, None, frame),))


async def seqs(client: Client, count: int) -> list[int]:
    return [(await client.receive_type("pot"))["seq"] for _ in range(count)]


async def test_anybody_may_watch_without_signing_in(front: Front) -> None:
    session = await front.session(await front.player())
    await front.record(session, 1)
    async with front.open(f"/ws/bots/{session.bot_id}") as client:
        assert client.websocket.subprotocol == "arena.v1"
        assert await client.receive() == {
            "type": "welcome",
            "protocol": "arena.v1",
            "bot_id": str(session.bot_id),
            "seq": 1,
        }
    async with front.open(f"/ws/bots/{session.bot_id}", offered=[]) as client:
        assert (await client.receive())["type"] == "welcome"


async def test_spectators_see_what_is_for_everybody_and_nothing_else(front: Front) -> None:
    session = await front.session(await front.player())
    await front.record(session, 1, for_all=True)
    await front.record(session, 2)  # of one chat
    await front.record(session, 3, for_all=True)
    async with front.open(f"/ws/bots/{session.bot_id}") as client:
        await client.send(type="resume", after=0)
        assert await seqs(client, 2) == [1, 3]
        await publish(front, session, 4)
        assert await seqs(client, 1) == [4]
        await client.send(type="resume", after=3)
        assert await seqs(client, 1) == [4]
        await client.silence()


async def test_when_the_bot_starts_anew_spectators_miss_nothing(front: Front) -> None:
    session = await front.session(await front.player())
    async with front.open(f"/ws/bots/{session.bot_id}") as client:
        await client.send(type="resume", after=0)
        await publish(front, session, 1)
        assert await seqs(client, 1) == [1]
        front.game.end_subscriptions(session.bot_id)
        await front.record(session, 2, for_all=True)
        await publish(front, session, 3)
        assert await seqs(client, 2) == [2, 3]
        await client.silence()


async def test_two_hundred_spectators_see_every_frame_once_and_in_order(front: Front) -> None:
    session = await front.session(await front.player())
    seen: list[list[int]] = []

    async def watch(task_status: trio.TaskStatus[None]) -> None:
        async with front.open(f"/ws/bots/{session.bot_id}") as client:
            await client.send(type="resume", after=0)
            await client.send(type="ping")
            await client.receive_type("pong")
            task_status.started()
            frames = []
            with trio.fail_after(30):
                while len(frames) < 20:
                    frame = await client.receive(timeout=30)
                    if frame["type"] == "pot":
                        frames.append(frame["seq"])
            seen.append(frames)

    async with trio.open_nursery() as nursery:
        for _ in range(200):
            await nursery.start(watch)
        assert len(front.connections) == 200
        for seq in range(1, 21):
            await publish(front, session, seq)
    assert seen == [list(range(1, 21))] * 200


async def test_a_spectator_cannot_talk_to_the_bot(front: Front) -> None:
    bot_id = await front.bot()
    async with front.open(f"/ws/bots/{bot_id}") as client:
        await client.send(type="message", id=new_id(), text="hello")
        error = await client.receive_type("error")
        assert error["code"] == "frame_unknown"
        assert "resume" in error["detail"]


@pytest.mark.parametrize("status", [BotStatus.DRAFT, BotStatus.OPENING, None])
async def test_what_is_not_public_cannot_be_watched(front: Front, status: BotStatus | None) -> None:
    bot_id = new_id() if status is None else await front.bot(status)
    async with front.open(f"/ws/bots/{bot_id}") as client:
        assert (await client.receive())["code"] == "bot_not_found"
        reason = await client.closed()
        assert (reason.code, reason.reason) == (4404, "bot_not_found")


async def test_a_token_may_be_left_out_but_one_that_is_sent_must_be_good(front: Front) -> None:
    bot_id, player = await front.bot(), await front.player()
    async with front.open(f"/ws/bots/{bot_id}", ["arena.v1", f"bearer.{player.token}"]) as client:
        assert (await client.receive())["type"] == "welcome"
    async with front.open(f"/ws/bots/{bot_id}", ["arena.v1", "bearer.nonsense"]) as client:
        assert (await client.receive())["code"] == "token_invalid"
        assert (await client.closed()).code == 4401
    await Authenticator.of(front.services).revoke(player.identity)
    async with front.open(f"/ws/bots/{bot_id}", [], player.headers) as client:
        assert (await client.receive())["code"] == "token_revoked"
        assert (await client.closed()).code == 4401


async def test_strangers_cannot_take_the_place_of_players(front: Front) -> None:
    front.connections._limit_of_strangers = 1
    bot_id, player = await front.bot(), await front.player()
    async with front.open(f"/ws/bots/{bot_id}") as first:
        assert (await first.receive())["type"] == "welcome"
        async with front.open(f"/ws/bots/{bot_id}") as second:
            assert (await second.receive())["code"] == "too_many_connections"
            assert (await second.closed()).code == 1013
        async with front.connect((await front.session(player)).id, player) as chat:
            assert (await chat.receive())["type"] == "welcome"
    async with front.open(f"/ws/bots/{bot_id}") as again:
        assert (await again.receive())["type"] == "welcome"


async def test_without_the_database_a_spectator_is_told_and_kept(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = await front.bot()
    get, failures = bot_views.get, 3

    async def unreliable(database: Database, wanted: UUID) -> BotView | None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise DatabaseUnavailable("gone")
        return await get(database, wanted)

    monkeypatch.setattr(bot_views, "get", unreliable)
    async with front.open(f"/ws/bots/{bot_id}") as client:
        assert (await client.receive())["code"] == "database_unavailable"
        assert (await client.receive())["type"] == "welcome"
