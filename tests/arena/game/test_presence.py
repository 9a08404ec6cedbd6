"""Who is there, counted from connections."""

import json
from uuid import uuid4

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from arena.game.presence import Count, Presence

BOT, OTHER = uuid4(), uuid4()


def test_several_tabs_of_one_user_count_once() -> None:
    presence = Presence()
    with presence.playing(BOT, "ann"):
        with presence.playing(BOT, "ann"), presence.playing(BOT, "ben"), presence.watching(BOT, "cat"):
            assert presence.publish() == {BOT: Count(2, 1)}
        assert presence.publish() == {BOT: Count(1, 0)}
    assert presence.publish() == {BOT: Count(0, 0)}


def test_a_player_who_also_watches_is_a_player() -> None:
    presence = Presence()
    with presence.watching(BOT, "ann"):
        with presence.playing(BOT, "ann"):
            assert presence.publish() == {BOT: Count(1, 0)}
        assert presence.publish() == {BOT: Count(0, 1)}


def test_only_what_has_changed_is_told() -> None:
    presence = Presence()
    with presence.playing(BOT, "ann"), presence.playing(OTHER, "ann"):
        assert presence.publish() == {BOT: Count(1, 0), OTHER: Count(1, 0)}
        assert presence.publish() == {}
        with presence.playing(BOT, "ann"):
            assert presence.publish() == {}
        with presence.playing(OTHER, "ben"):
            pass
        assert presence.publish() == {}


def test_a_bot_that_nobody_is_with_is_forgotten() -> None:
    presence = Presence()
    with presence.playing(BOT, "ann"):
        presence.publish()
        assert presence.published(BOT) == Count(1, 0)
    presence.publish()
    assert (len(presence), presence.published(BOT)) == (0, Count())
    with presence.watching(BOT, "ann"):
        pass
    presence.publish()
    assert len(presence) == 0


def test_who_leaves_by_a_crash_is_gone_as_well() -> None:
    presence = Presence()

    def crash() -> None:
        with presence.playing(BOT, "ann"):
            presence.publish()
            raise ValueError

    with pytest.raises(ValueError):
        crash()
    assert presence.publish() == {BOT: Count(0, 0)}


async def test_who_comes_while_nobody_was_told_that_all_had_left_is_counted() -> None:
    presence = Presence()
    with presence.playing(BOT, "ann"):
        presence.publish()
    with presence.playing(BOT, "ben"):
        assert presence.publish() == {}, "one there was, and one there is"
        assert json.loads(await presence.frame(BOT, None))["players"] == 1


async def test_the_publisher_is_woken_when_somebody_comes_or_goes(
    autojump_clock: trio.testing.MockClock,
) -> None:
    presence = Presence()
    woken = 0

    async def publish() -> None:
        nonlocal woken
        while True:
            await presence.stirred()
            presence.publish()
            woken += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        await wait_all_tasks_blocked()
        assert woken == 0
        with presence.playing(BOT, "ann"):
            await wait_all_tasks_blocked()
            assert woken == 1
        await wait_all_tasks_blocked()
        assert woken == 2
        nursery.cancel_scope.cancel()


async def test_a_slow_listener_gets_the_latest_and_no_queue() -> None:
    presence = Presence()
    with presence.watching(BOT, "ann"):
        presence.publish()
        first = await presence.frame(BOT, None)
        assert json.loads(first) == {"type": "presence", "bot_id": str(BOT), "players": 0, "watching": 1}
        for name in ("ben", "cat", "dan"):
            with presence.playing(BOT, name), presence.playing(BOT, f"{name}'s friend"):
                presence.publish()
        with presence.playing(BOT, "eve"):
            presence.publish()
            assert json.loads(await presence.frame(BOT, first))["players"] == 1
        with trio.move_on_after(0) as waiting:
            await presence.frame(BOT, presence._rooms[BOT].frame)
        assert waiting.cancelled_caught
