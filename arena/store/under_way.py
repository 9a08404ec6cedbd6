"""What a bot was at when its actor ended: one question, since ten thousand bots ask it after every start."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from arena.store.chain_events import Keys
from persistence import Database


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What there is of a bot, to be read if it is there.

    Attributes:
        last_paid_at: when we learnt of the bot's last fee, or of its opening; Unix seconds, 0 before that.
        keys: that the bot answers to; None: it has never been heard which.
        paid: messages that are paid and not judged.
        refunding: messages whose fee goes back.
        sent: transactions that may still land.
    """

    last_paid_at: float
    keys: Keys | None
    paid: bool
    refunding: bool
    sent: bool


async def of_bot(database: Database, bot_id: UUID) -> UnderWay:
    record = await database.fetch_one(
        """
        select
            coalesce((
                select extract(epoch from created_at) from chain_events
                where bot_id = $1 and kind in ('BotCreated', 'MessageFeeRecorded', 'Migrated')
                order by event_seq desc limit 1  -- `max` would read all of them
            ), 0)::float8 as last_paid_at,
            keys.quote_key, keys.payout_key,
            exists (select from messages where bot_id = $1 and status = 'paid') as paid,
            exists (select from messages where bot_id = $1 and status = 'refunding') as refunding,
            exists (select from network_transactions where bot_id = $1 and status = 'pending') as sent
        from (select) as one left join lateral (
            select quote_key, payout_key from chain_events
            where bot_id = $1 and quote_key is not null order by event_seq desc limit 1
        ) as keys on true
        """,
        bot_id,
    )
    assert record is not None
    quote_key, payout_key = record["quote_key"], record["payout_key"]
    return UnderWay(
        last_paid_at=record["last_paid_at"],
        keys=None if quote_key is None else Keys(quote_key, payout_key),
        paid=record["paid"],
        refunding=record["refunding"],
        sent=record["sent"],
    )
