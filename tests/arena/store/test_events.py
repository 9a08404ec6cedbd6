import json

import pytest

from arena.ids import new_id
from arena.store import events
from persistence import ChangeRejected, Database


async def test_frames_come_back_in_order_after_a_number(world, commit, database: Database) -> None:
    bot = await world.bot()
    mine, other = await world.session(bot), await world.session(bot)
    owners = {1: None, 2: mine.id, 3: other.id, 4: None, 5: mine.id, 6: other.id, 7: None}
    frames = {seq: {"type": "pot", "seq": seq, "pot": 2**53 + 1, "text": "Ä\n"} for seq in owners}
    await commit(
        *[
            events.append(bot.id, seq, owner, json.dumps(frames[seq]).encode())
            for seq, owner in owners.items()
        ]
    )
    seen = await events.for_session(database, bot.id, mine.id, after=0)
    assert [event.seq for event in seen] == [1, 2, 4, 5, 7]
    assert [json.loads(event.frame) for event in seen] == [frames[event.seq] for event in seen]
    assert [e.seq for e in await events.for_session(database, bot.id, mine.id, after=2, limit=2)] == [4, 5]
    assert [e.seq for e in await events.public(database, bot.id, after=1)] == [4, 7]
    assert [e.seq for e in await events.public(database, bot.id, after=0, limit=1)] == [1]
    assert await events.last_seq(database, bot.id) == 7


async def test_nothing_is_an_empty_list(database: Database) -> None:
    assert await events.last_seq(database, new_id()) == 0
    assert await events.for_session(database, new_id(), new_id(), after=0) == []
    assert await events.public(database, new_id(), after=0) == []


async def test_other_bots_frames_are_not_seen(world, commit, database: Database) -> None:
    bot, other = await world.bot(), await world.bot()
    await commit(events.append(bot.id, 1, None, "{}"), events.append(other.id, 1, None, "{}"))
    assert [e.bot_id for e in await events.public(database, bot.id, after=0)] == [bot.id]


async def test_a_number_is_given_once(world, commit) -> None:
    bot = await world.bot()
    await commit(events.append(bot.id, 1, None, "{}"))
    with pytest.raises(ChangeRejected):
        await commit(events.append(bot.id, 1, None, "{}"))


@pytest.mark.parametrize("frame", ["", "{", '{"text": "\\u0000"}'])
async def test_what_is_no_json_for_postgres_is_refused(world, commit, frame: str) -> None:
    bot = await world.bot()
    with pytest.raises(ChangeRejected):
        await commit(events.append(bot.id, 1, None, frame))
