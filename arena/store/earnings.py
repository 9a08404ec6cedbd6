"""What creators earn: their shares of the fees of judged messages.

What somebody pays to a bot of his own does not count, nor what the house earns with its demo bots.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from persistence import Database

SHARE: Final = "m.amount / 10000 * b.creator_bps + m.amount % 10000 * b.creator_bps / 10000"
"""SQL: lamports that the creator of the bot `b` gets of the message `m`, as `arena.economy.split` rounds.

In an order of steps in which no product exceeds 64 bits.
"""
COUNTS: Final = "m.status = 'judged' and m.solver_id <> b.creator_id and not b.demo"
"""SQL: whether the message `m` to the bot `b` has earned its creator anything."""


async def of_bots(database: Database, bot_ids: Collection[UUID]) -> dict[UUID, int]:
    """What each of these bots has earned its creator, in lamports; those that have earned nothing are left out."""
    records = await database.fetch(
        f"""
        select b.id, sum({SHARE})::bigint as earned from bots b join messages m on m.bot_id = b.id
        where b.id = any($1::uuid[]) and {COUNTS} group by b.id
        """,  # noqa: S608 -- made of constants
        list(bot_ids),
    )
    return {record["id"]: record["earned"] for record in records}
