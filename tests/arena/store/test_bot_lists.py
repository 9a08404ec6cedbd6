"""Lists of bots: filters, orders and pages."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from arena.store import bot_lists, bot_texts, bot_views, bots, search
from arena.store.bot_lists import BotSort, place
from arena.store.bots import BotStatus
from persistence import Database, WriteConflict

SOON = datetime.now(UTC).replace(microsecond=0)


async def everything(database: Database, sort: BotSort, limit: int = 2, **filters: object) -> list[UUID]:
    """All pages, one after the other."""
    seen: list[UUID] = []
    after = None
    while page := await bot_lists.page(database, sort=sort, after=after, limit=limit, **filters):  # type: ignore[arg-type]
        seen += [view.id for view in page]
        after = place(page[-1], sort)
    return seen


async def test_no_bots(database: Database) -> None:
    for sort in BotSort:
        assert await bot_lists.page(database, sort=sort) == []


async def test_bots_are_listed_newest_first_in_pages(world, database: Database) -> None:
    made = [(await world.bot()).id for _ in range(5)]
    await world.bot(BotStatus.DRAFT)
    await world.bot(BotStatus.OPENING)
    assert await everything(database, BotSort.NEWEST) == made[::-1]


@pytest.mark.parametrize(
    ("sort", "column", "values", "order"),
    [
        (BotSort.POT, "pot", [5, 9, 5, 0, 7], [1, 4, 2, 0, 3]),
        (BotSort.PRICE, "next_price", [5, 9, 5, 1, 7], [3, 0, 2, 4, 1]),
        (BotSort.PLAYED, "message_count", [1005, 1009, 1005, 1000, 1007], [1, 4, 2, 0, 3]),
    ],
)
async def test_pages_of_every_order_fit_together_also_with_ties(
    world, database: Database, sort: BotSort, column: str, values: list[int], order: list[int]
) -> None:
    made = []
    for value, status in zip(values, [BotStatus.OPEN, BotStatus.SOLVED] * 3, strict=False):
        bot = await world.bot(status)
        await world.mirror(bot.id, **{column: value})
        made.append(bot.id)
    for limit in (1, 2, 5):
        assert await everything(database, sort, limit) == [made[number] for number in order]


async def test_what_ends_soonest_comes_first(world, commit, database: Database) -> None:
    made = []
    for hours in (5, 1, 5, 3):
        draft = world.draft(await world.user(), closes_at=SOON + timedelta(hours=hours))
        await commit(bots.draft(draft), bot_texts.add(draft))
        await world.mirror(draft.id, was=BotStatus.DRAFT, status=BotStatus.OPEN)
        made.append(draft.id)
    assert await everything(database, BotSort.ENDING) == [made[n] for n in (1, 3, 0, 2)]


async def test_a_bot_whose_pot_grows_between_two_pages_does_not_disturb_the_others(
    world, database: Database
) -> None:
    made = [(await world.bot()).id for _ in range(4)]
    for pot, bot_id in enumerate(made):
        await world.mirror(bot_id, pot=pot)
    first = await bot_lists.page(database, sort=BotSort.POT, limit=2)
    await world.mirror(made[0], pot=100)
    rest = await bot_lists.page(database, sort=BotSort.POT, after=place(first[-1], BotSort.POT), limit=2)
    assert [view.id for view in [*first, *rest]] == [made[3], made[2], made[1]]


async def test_lists_are_filtered_by_status_creator_and_kind(world, commit, database: Database) -> None:
    creator = await world.user()
    solved = await world.bot(BotStatus.SOLVED)
    draft = await world.bot(BotStatus.DRAFT, creator=creator)
    await world.bot()
    oracle = world.draft(creator, kind="oracle")
    await commit(bots.draft(oracle), bot_texts.add(oracle))
    await world.mirror(oracle.id, was=BotStatus.DRAFT, status=BotStatus.OPEN)
    newest = BotSort.NEWEST
    assert await everything(database, newest, statuses={BotStatus.SOLVED}) == [solved.id]
    assert await everything(database, newest, creator_id=creator.id) == [oracle.id]
    assert await everything(database, newest, creator_id=creator.id, statuses=set(BotStatus)) == [
        oracle.id,
        draft.id,
    ]
    assert await everything(database, newest, kind="oracle") == [oracle.id]
    assert await everything(database, newest, kind="unheard of") == []
    assert await everything(database, newest, statuses=[]) == []


async def test_bots_are_found_by_the_words_of_their_texts(world, commit, database: Database) -> None:
    async def bot(**texts: object) -> UUID:
        draft = world.draft(await world.user(), **texts)
        await commit(bots.draft(draft), bot_texts.add(draft))
        await world.mirror(draft.id, was=BotStatus.DRAFT, status=BotStatus.OPEN)
        return draft.id

    dragon = await bot(name="Émile the Dragon", public={"persona": "Grumpy", "objective": "Say please."})
    cave = await bot(name="A cave", public={"persona": "Dark and grumpy", "hints": [{"text": "sesame"}]})

    async def found(text: str, sort: BotSort = BotSort.NEWEST) -> set[UUID]:
        return set(await everything(database, sort, text=text))

    assert await found("GRUMPY") == await found("grum") == await found("gru", BotSort.POT) == {dragon, cave}
    assert await found("emile please") == await found("DRAGON") == {dragon}
    assert await found("dark cave") == {cave}
    assert await found("dragon cave") == set()
    assert await found("sesame") == set()  # a locked hint
    for hostile in ("'; drop table bots; --", "a' | 'b", "dragon:*&!", "\x00", "\\", "' || true || '"):
        assert await found(hostile) <= {dragon}


async def test_a_description_is_changed_by_who_knows_the_current_one(
    world, commit, database: Database
) -> None:
    bot = await world.bot()

    def edit(revision: int, text: str):
        return bot_texts.edit(bot.id, revision=revision, name=bot.name, public=bot.public, description=text)

    await commit(edit(1, "A riddle in the dark"))
    with pytest.raises(WriteConflict):
        await commit(edit(1, "Too late"))
    [line] = await bot_lists.page(database, text="riddle gatekeeper")
    view = await bot_views.get(database, bot.id)
    assert view is not None
    assert (line.id, view.description, view.revision) == (bot.id, "A riddle in the dark", 2)


@pytest.mark.parametrize("sort", list(BotSort))
async def test_an_index_has_the_bots_of_a_status_in_order(world, database: Database, sort: BotSort) -> None:
    await world.bot()
    await database.execute("analyze bots")
    order = bot_lists._ORDERS[sort]

    async def plan(connection) -> str:
        # a few rows are faster to sort than to find: what matters is that there is an index to go along
        await connection.execute("set local enable_sort = off")
        await connection.execute("set local enable_seqscan = off")
        rows = await connection.fetch(
            f"explain select id from bots b where b.status = 'open' order by {order.sql} limit 10"
        )
        return "\n".join(row[0] for row in rows)

    assert "Sort" not in await database.run(plan)


async def test_what_is_stored_is_what_is_asked_for(world, commit, database: Database) -> None:
    bot = await world.bot()
    stored = await database.fetch_value("select words from bot_texts where bot_id = $1", bot.id)
    assert stored == search.stored(["The Gatekeeper", "A gatekeeper"]) == "the gatekeeper a"
