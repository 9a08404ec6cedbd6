"""Which events the chain may still take back, and which of them are old enough to be asked about."""

from __future__ import annotations

from uuid import UUID

from arena.store import chain_events
from arena.store.chain_events import SeenEvent
from persistence import Database

ALL = UUID(int=0)


def seen(bot_id: UUID, seq: int, slot: int) -> SeenEvent:
    return SeenEvent(
        bot_id=bot_id,
        event_seq=seq,
        kind="MessageFeeRecorded",
        signature=f"{seq}" * 64,
        slot=slot,
        pot=0,
        message_count=0,
    )


async def up_to(
    database: Database, slot: int, *, after: UUID = ALL, limit: int = 100
) -> list[tuple[UUID, int]]:
    page = await chain_events.unfinal_up_to(database, slot, after=after, limit=limit)
    return [(event.bot_id, event.event_seq) for event in page.events]


async def test_what_is_final_is_not_asked_about(world, commit, database: Database) -> None:
    bot = await world.bot()
    assert not await chain_events.any_unfinal(database)
    events = [seen(bot.id, seq, slot=seq) for seq in (1, 2, 3)]
    await commit(*map(chain_events.seen, events))
    assert (await chain_events.unfinal_up_to(database, 3, after=ALL, limit=9)).events == events
    await commit(chain_events.final_up_to(bot.id, 2))
    assert await up_to(database, 3) == [(bot.id, 3)]
    assert await chain_events.any_unfinal(database)
    await commit(chain_events.final_up_to(bot.id, 3))
    assert not await chain_events.any_unfinal(database)
    assert await up_to(database, 3) == []


async def test_an_event_waits_for_those_before_it_even_if_they_were_seen_in_a_later_slot(
    world, commit, database: Database
) -> None:
    """Another branch: the second would be final, and with it all before, while the first was never looked at."""
    bot = await world.bot()
    await commit(*(chain_events.seen(seen(bot.id, seq, slot)) for seq, slot in ((1, 10), (2, 30), (3, 20))))
    assert await up_to(database, 9) == []
    assert await up_to(database, 29) == [(bot.id, 1)]
    assert await up_to(database, 30) == [(bot.id, 1), (bot.id, 2), (bot.id, 3)]


async def test_bots_come_one_after_the_other_and_a_page_goes_on_behind_its_last_bot(
    world, commit, database: Database
) -> None:
    one, two, three = sorted([(await world.bot()).id for _ in range(3)])
    await commit(*(chain_events.seen(seen(bot, seq, slot=1)) for bot in (three, one, two) for seq in (1, 2)))
    first = await chain_events.unfinal_up_to(database, 1, after=ALL, limit=3)
    assert [(event.bot_id, event.event_seq) for event in first.events] == [(one, 1), (one, 2), (two, 1)]
    assert first.last_bot == two
    last = await chain_events.unfinal_up_to(database, 1, after=two, limit=3)
    assert [(event.bot_id, event.event_seq) for event in last.events] == [(three, 1), (three, 2)]
    assert last.last_bot is None
    assert await up_to(database, 1, after=three) == []


async def test_a_page_of_events_that_have_to_wait_does_not_hide_the_bots_behind_it(
    world, commit, database: Database
) -> None:
    waiting, due = sorted([(await world.bot()).id for _ in range(2)])
    slots = {(waiting, 1): 30, (waiting, 2): 20, (waiting, 3): 20, (due, 1): 20}
    await commit(*(chain_events.seen(seen(bot, seq, slot)) for (bot, seq), slot in slots.items()))
    page = await chain_events.unfinal_up_to(database, 25, after=ALL, limit=2)
    assert (page.events, page.last_bot) == ([], waiting)
    assert await up_to(database, 25, after=waiting) == [(due, 1)]


async def test_what_is_final_already_is_not_missed_among_what_is_not(
    world, commit, database: Database
) -> None:
    bot = await world.bot()
    await commit(
        *(chain_events.seen(seen(bot.id, seq, slot)) for seq, slot in ((1, 1), (2, 2), (3, 9), (4, 2)))
    )
    await commit(chain_events.final_up_to(bot.id, 1))
    assert await up_to(database, 5) == [(bot.id, 2)]
