"""Every durable frame once and in order, whatever interrupts."""

import json

import pytest
import trio

from arena.game.messages import Published
from arena.store import sessions
from arena.store.sessions import ChatSession
from arena.ws import following
from persistence import Database, DatabaseUnavailable
from tests.fixtures.front import Client, Front, Player


async def setup(front: Front) -> tuple[Player, ChatSession]:
    player = await front.player()
    return player, await front.session(player)


async def seqs(client: Client, count: int) -> list[int]:
    """The numbers of the next durable frames."""
    found = []
    while len(found) < count:
        frame = await client.receive()
        if "seq" in frame and frame["type"] != "welcome":
            found.append(frame["seq"])
    return found


async def test_resuming_replays_what_was_missed_and_goes_on_live(front: Front) -> None:
    player, session = await setup(front)
    for seq in range(1, 6):
        await front.record(session, seq)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=2)
        assert await seqs(client, 3) == [3, 4, 5]
        await front.publish(session, 6)
        assert await seqs(client, 1) == [6]


async def test_the_whole_story_from_the_beginning_in_pages(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "REPLAY_PAGE", 7)
    player, session = await setup(front)
    for seq in range(1, 30):
        await front.record(session, seq, for_all=seq % 2 == 0)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        assert await seqs(client, 29) == list(range(1, 30))
        await client.silence()


async def test_frames_of_other_sessions_are_not_replayed(front: Front) -> None:
    player, session = await setup(front)
    other = await front.session(await front.player(), session.bot_id)
    await front.record(session, 1)
    await front.record(other, 2)
    await front.record(other, 3, for_all=True)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        assert await seqs(client, 2) == [1, 3]
        await client.silence()


async def test_without_resuming_only_what_is_new_comes(front: Front) -> None:
    player, session = await setup(front)
    await front.record(session, 1)
    async with front.connect(session.id, player) as client:
        await client.receive_type("welcome")
        await front.publish(session, 2)  # before the client has said anything
        assert await seqs(client, 1) == [2]
        await front.publish(session, 3)
        assert await seqs(client, 1) == [3]


async def test_a_client_can_resume_at_any_time_and_as_often_as_it_likes(front: Front) -> None:
    player, session = await setup(front)
    for seq in range(1, 4):
        await front.record(session, seq)
    async with front.connect(session.id, player) as client:
        for _ in range(3):
            await client.send(type="resume", after=0)
            assert await seqs(client, 3) == [1, 2, 3]
        await front.publish(session, 4)
        assert await seqs(client, 1) == [4]


async def test_resuming_in_the_middle_of_a_replay_starts_over_from_there(front: Front) -> None:
    player, session = await setup(front)
    for seq in range(1, 51):
        await front.record(session, seq)
    async with front.connect(session.id, player) as client:
        for _ in range(20):
            await client.send(type="resume", after=0)
        await client.send(type="resume", after=48)
        await client.send(type="ping")
        await client.receive_type("pong")
        found = await seqs(client, 2)
        while found[-2:] != [49, 50]:
            found += await seqs(client, 1)
        await client.silence()


async def test_a_client_ahead_of_the_log_is_told_and_goes_on(front: Front) -> None:
    player, session = await setup(front)
    await front.record(session, 1)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=1000)
        error = await client.receive_type("error")
        assert error["code"] == "seq_unknown"
        await front.publish(session, 2)
        assert await seqs(client, 1) == [2]


async def test_several_tabs_see_the_same(front: Front) -> None:
    player, session = await setup(front)
    async with front.connect(session.id, player) as one, front.connect(session.id, player) as two:
        for client in (one, two):
            await client.send(type="resume", after=0)
        await front.publish(session, 1)
        assert await seqs(one, 1) == await seqs(two, 1) == [1]


async def test_what_came_of_one_step_comes_together_but_for_what_the_client_has(front: Front) -> None:
    player, session = await setup(front)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await front.publish(session, 1)
        assert await seqs(client, 1) == [1]
        frames = {seq: await front.record(session, seq) for seq in (2, 3, 4)}
        await client.send(type="resume", after=1)
        assert await seqs(client, 3) == [2, 3, 4]  # from the log, and then once more as it was published
        frames[5] = await front.record(session, 5)
        front.game.publisher(session.id).publish(
            tuple(Published(seq, session.id, frame) for seq, frame in frames.items())
        )
        assert await seqs(client, 1) == [5]
        frames = {seq: await front.record(session, seq) for seq in (6, 7, 8)}
        front.game.publisher(session.id).publish(
            tuple(Published(seq, session.id, frame) for seq, frame in frames.items())
        )
        assert await seqs(client, 3) == [6, 7, 8]
        await client.silence()


async def test_deltas_come_live_and_are_not_replayed(front: Front) -> None:
    player, session = await setup(front)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await front.publish(session, 1)
        assert await seqs(client, 1) == [1]
        delta = json.dumps({"type": "reply.delta", "id": str(session.id), "text": "He"}).encode()
        front.game.publisher(session.id).publish((Published(None, session.id, delta),))
        assert (await client.receive_type("reply.delta"))["text"] == "He"
        await client.send(type="resume", after=0)
        assert await seqs(client, 1) == [1]
        await client.silence()


async def test_when_the_bot_starts_anew_nothing_is_lost_or_doubled(front: Front) -> None:
    player, session = await setup(front)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await front.publish(session, 1)
        assert await seqs(client, 1) == [1]
        front.game.end_subscriptions(session.id)
        await front.record(session, 2)  # happened while nobody was subscribed
        await front.publish(session, 3)
        assert await seqs(client, 2) == [2, 3]
        await front.publish(session, 4)
        assert await seqs(client, 1) == [4]
        await client.silence()


async def test_a_subscription_that_lags_is_made_up_for_from_the_log(front: Front) -> None:
    player, session = await setup(front)
    async with front.connect(session.id, player) as client:
        await client.send(type="resume", after=0)
        await front.publish(session, 1)
        assert await seqs(client, 1) == [1]
        frames = [(seq, await front.record(session, seq)) for seq in range(2, 602)]
        for seq, frame in frames:  # all at once: more than a subscription holds
            front.game.publisher(session.id).publish((Published(seq, session.id, frame),))
        assert await seqs(client, 600) == list(range(2, 602))
        await front.publish(session, 602)
        assert await seqs(client, 1) == [602]
        await client.silence()


async def test_an_outage_is_told_once_and_waited_for(front: Front) -> None:
    player, session = await setup(front)
    await front.record(session, 1)
    front.game.attach_error = DatabaseUnavailable("gone")
    async with front.connect(session.id, player) as client:
        await client.resume(after=0)
        assert (await client.receive_type("error"))["code"] == "database_unavailable"
        attempts = front.game.attached
        with trio.fail_after(5):
            while front.game.attached < attempts + 2:
                await trio.sleep(0.01)
        await client.silence(0.05)
        front.game.attach_error = None
        assert await seqs(client, 1) == [1]


async def test_without_the_database_a_client_is_told_and_kept(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    player, session = await setup(front)
    get, failures = sessions.get, 3

    async def unreliable(database: Database, session_id: object) -> ChatSession | None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise DatabaseUnavailable("gone")
        return await get(database, session_id)  # type: ignore[arg-type]

    monkeypatch.setattr(sessions, "get", unreliable)
    async with front.connect(session.id, player) as client:
        error = await client.receive()
        assert (error["type"], error["code"]) == ("error", "database_unavailable")
        assert (await client.receive())["type"] == "welcome"
