"""What a bot that wakes is told to read, and since when it has not been paid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from arena.store import chain_events, under_way
from arena.store.bots import BotStatus
from arena.store.chain_events import SeenEvent
from persistence import Database


async def left(database: Database, bot_id: UUID) -> set[str]:
    """What there is something of."""
    found = await under_way.of_bot(database, bot_id)
    return {name for name in ("paid", "refunding", "sent") if getattr(found, name)}


def seen(bot_id: UUID, seq: int, kind: str = "MessageFeeRecorded") -> SeenEvent:
    return SeenEvent(
        bot_id=bot_id, event_seq=seq, kind=kind, signature="x" * 64, slot=1, pot=0, message_count=0, keys=None
    )


async def test_a_bot_that_waits_for_messages_has_nothing_under_way(world, commit, database: Database) -> None:
    bot, other = await world.bot(), await world.bot()
    await world.judged(await world.session(bot), 1)
    await world.paid(await world.session(other), 1)
    await commit(chain_events.seen(seen(bot.id, 1)))
    await commit(chain_events.final_up_to(bot.id, 1), chain_events.seen(seen(other.id, 1)))
    assert await left(database, bot.id) == set()


async def test_a_payment_under_way_is_a_transaction_that_may_land(world, database: Database) -> None:
    bot = await world.bot()
    await world.paying(await world.session(bot))
    assert await left(database, bot.id) == {"sent"}


@pytest.mark.parametrize("status", ["paid", "refunding"])
async def test_a_message_without_its_end_is_under_way(world, database: Database, status: str) -> None:
    bot = await world.bot()
    message = await world.paid(await world.session(bot), 1)
    reason = "brain_failed" if status == "refunding" else None
    await database.execute(
        "update messages set status = $1, refund_reason = $2 where id = $3", status, reason, message.id
    )
    assert await left(database, bot.id) == {status}


async def test_a_bot_was_last_paid_with_its_last_fee(world, commit, database: Database) -> None:
    bot = await world.bot(BotStatus.OPEN)
    assert (await under_way.of_bot(database, bot.id)).last_paid_at == 0
    kinds = ["BotCreated", "MessageFeeRecorded", "MessageFeeRefunded"]
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for seq, kind in enumerate(kinds, 1):
        await commit(chain_events.seen(seen(bot.id, seq, kind)))
        await database.execute(
            "update chain_events set created_at = $1 where bot_id = $2 and event_seq = $3",
            began + timedelta(hours=seq),
            bot.id,
            seq,
        )
    assert (await under_way.of_bot(database, bot.id)).last_paid_at == (began + timedelta(hours=2)).timestamp()
