from datetime import UTC, datetime, timedelta

import pytest

from arena.economy import ExpiryRule, FeeSchedule, Split
from arena.ids import new_id
from arena.store import bot_views, bots, events, transactions
from arena.store.bots import BotStatus, Mirror, NewBot
from persistence import ChangeRejected, Database, WriteConflict


async def test_a_draft_is_stored_as_it_was_given(world, commit, database: Database) -> None:
    creator = await world.user()
    draft: NewBot = world.draft(
        creator,
        name="Zoë’s gate 🐉",
        public={"persona": "Ä", "hints": [{"after_messages": 3, "text": "x"}], "n": 2**60},
        credentials=b"key",
        expiry_rule=ExpiryRule.CREATOR,
        idle_after=3600,
        idle_min_messages=10,
        demo=True,
    )
    await commit(bots.draft(draft))
    bot = await bots.get(database, draft.id)
    assert bot is not None
    for name in NewBot.__dataclass_fields__:
        assert getattr(bot, name) == getattr(draft, name), name
    assert (bot.status, bot.pot, bot.message_count, bot.event_seq) == (
        BotStatus.DRAFT,
        draft.initial_pot,
        0,
        0,
    )
    assert (bot.judged_count, bot.frame_seq, bot.opened_at, bot.ended_at) == (0, 0, None, None)
    assert bot.fees == FeeSchedule(1_000_000, 100, 10_000_000)
    assert bot.split == Split(8_000, 1_000)
    assert await bots.by_address(database, draft.address) == bot


async def test_a_bot_does_not_show_its_secrets(world, database: Database) -> None:
    assert "encrypted" not in repr(await world.bot())


async def test_no_bot_is_none(database: Database) -> None:
    assert await bots.get(database, new_id()) is None
    assert await bots.by_address(database, "nowhere") is None
    assert await bot_views.get(database, new_id()) is None
    assert await bot_views.by_address(database, "nowhere") is None
    assert await bots.pending(database) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"initial_pot": -1},
        {"fee_base": 0},
        {"fee_cap": 1},
        {"fee_growth_bps": 10_001},
        {"pot_bps": 9_500},
        {"objective_hash": b"short"},
        {"name": ""},
        {"name": "nul\x00"},
        {"creator_id": new_id()},
    ],
)
async def test_a_draft_that_cannot_be_is_refused(world, commit, changes: dict[str, object]) -> None:
    with pytest.raises(ChangeRejected):
        await commit(bots.draft(world.draft(await world.user(), **changes)))


async def test_the_mirror_follows_the_bot(world, commit, database: Database) -> None:
    bot = await world.bot(BotStatus.OPENING)
    now = datetime.now(UTC)
    await commit(
        bots.mirror(
            Mirror(
                bot_id=bot.id,
                was=BotStatus.OPENING,
                status=BotStatus.OPEN,
                pot=7,
                message_count=2_000,
                event_seq=3,
                judged_count=4,
                next_price=6,
                frame_seq=5,
                opened_at=now,
            )
        )
    )
    row = await bots.get(database, bot.id)
    assert row is not None
    assert (row.status, row.pot, row.message_count, row.event_seq) == (BotStatus.OPEN, 7, 2_000, 3)
    assert (row.judged_count, row.next_price, row.frame_seq) == (4, 6, 5)
    assert (row.opened_at, row.ended_at) == (now, None)
    assert row.updated_at > bot.updated_at
    assert row.public == bot.public


async def test_a_mirror_from_another_status_changes_nothing(world, database: Database) -> None:
    bot = await world.bot(BotStatus.SOLVED)
    with pytest.raises(WriteConflict):
        await world.mirror(bot.id, was=BotStatus.OPEN, status=BotStatus.EXPIRED)
    assert await bots.get(database, bot.id) == bot


@pytest.mark.parametrize("counter", ["event_seq", "judged_count", "frame_seq"])
async def test_counters_do_not_go_back(world, counter: str) -> None:
    bot = await world.bot()
    await world.mirror(bot.id, **{counter: 5})
    await world.mirror(bot.id, **{counter: 5})
    with pytest.raises(WriteConflict):
        await world.mirror(bot.id, **{counter: 4})


async def test_more_cannot_be_judged_than_was_paid(world) -> None:
    bot = await world.bot()
    with pytest.raises(ChangeRejected):
        await world.mirror(bot.id, judged_count=1_001)


async def test_bots_with_something_pending_are_found(world, commit, database: Database) -> None:
    made = {status: await world.bot(status) for status in BotStatus}
    expected = {
        BotStatus.OPENING,
        BotStatus.OPEN,
        BotStatus.SOLVED,
        BotStatus.EXPIRED,
        BotStatus.CLOSING,
    }
    found = await bots.pending(database)
    assert {bot.status for bot in found} == expected
    assert [bot.id for bot in found] == sorted(bot.id for bot in found)
    assert {bot.address for bot in found} == {made[status].address for status in expected}


async def test_a_closed_bot_with_a_payment_under_way_is_pending(world, database: Database) -> None:
    closed, halted = await world.bot(BotStatus.CLOSED), await world.bot(BotStatus.HALTED)
    await world.paying(await world.session(closed))
    await world.paying(await world.session(halted))
    assert [bot.id for bot in await bots.pending(database)] == [closed.id]


async def test_pending_bots_come_in_pages(world, database: Database) -> None:
    made = [(await world.bot()).id for _ in range(5)]
    seen, after = [], None
    while page := await bots.pending(database, after=after, limit=2):
        seen += [bot.id for bot in page]
        after = page[-1].id
    assert seen == made


async def test_only_drafts_that_nothing_was_sent_for_are_purged(world, commit, database: Database) -> None:
    creator = await world.user()
    abandoned, sent, logged = (world.draft(creator) for _ in range(3))
    await commit(*[bots.draft(draft) for draft in (abandoned, sent, logged)])
    opened = await world.bot()
    message = world.new_message(await world.session(opened))
    await commit(
        transactions.send(world.fee(message, kind="create", bot_id=sent.id, message_id=None)),
        events.append(logged.id, 1, None, b"{}"),
    )
    assert await bots.purge_drafts(database, datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await bots.purge_drafts(database, datetime.now(UTC) + timedelta(seconds=5)) == 1
    assert await bots.get(database, abandoned.id) is None
    assert await bots.get(database, sent.id)
    assert await bots.get(database, logged.id)
    assert await bots.get(database, opened.id)


async def test_a_view_has_wallets_and_no_secrets(world, database: Database) -> None:
    creator = await world.user()
    bot = await world.bot(creator=creator)
    view = await bot_views.get(database, bot.id)
    assert view is not None
    assert view.creator == creator.wallet
    assert (view.winner, view.reward, view.winning_index) == (None, None, None)
    assert not {"secret", "salt", "credentials"} & set(view.__dataclass_fields__)
    assert await bot_views.by_address(database, bot.address) == view


async def test_a_view_of_a_solved_bot_names_the_winner(world, database: Database) -> None:
    bot, player = await world.bot(), await world.user()
    message = await world.judged(await world.session(bot, player), 1, solved=True)
    await world.solved(message, reward=77)
    view = await bot_views.get(database, bot.id)
    assert view is not None
    assert (view.winner, view.reward, view.winning_index) == (player.wallet, 77, 1)


async def test_open_bots_are_listed_by_their_pots(world, database: Database) -> None:
    made = {pot: (await world.bot()).id for pot in (2, 5, 3)}
    for pot, bot_id in made.items():
        await database.execute("update bots set pot = $1 where id = $2", pot, bot_id)
    for status in (BotStatus.DRAFT, BotStatus.OPENING, BotStatus.SOLVED):
        await world.bot(status)
    assert [view.id for view in await bot_views.richest(database, limit=2)] == [made[5], made[3]]
    assert len(await bot_views.richest(database, limit=10)) == 3


async def test_drafts_of_a_creator_are_counted(world, commit, database: Database) -> None:
    creator = await world.user()
    await commit(*[bots.draft(world.draft(creator)) for _ in range(2)])
    await world.bot(creator=creator)
    await world.bot(BotStatus.DRAFT)
    assert await bots.count_drafts(database, creator.id) == 2


async def test_demo_bots_are_found_drafts_too(world, commit, database: Database) -> None:
    draft = world.draft(await world.user(), demo=True)
    await commit(bots.draft(draft))
    await world.bot()
    assert [bot.id for bot in await bots.demo(database)] == [draft.id]
