"""How far the chain was read."""

from __future__ import annotations

from dataclasses import dataclass

from arena.store.batch import RANK_CURSOR, insert
from persistence import Database, Write


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """Everything up to ``slot`` (finalized) is in the database; ``signature`` is the last one seen."""

    name: str
    slot: int
    signature: str | None


ADVANCE = insert(
    "cursors.advance",
    "feed_cursors",
    {"name": "text", "slot": "bigint", "signature": "text"},
    RANK_CURSOR,
    then="""on conflict (name) do update set slot = excluded.slot, signature = excluded.signature
        where feed_cursors.slot <= excluded.slot""",
)
"""Single writer: the chain's feed. Refused when it would go back."""


def advance(cursor: FeedCursor) -> Write:
    """Move the cursor forward."""
    return ADVANCE.row(cursor.name, cursor.slot, cursor.signature)


async def get(database: Database, name: str) -> FeedCursor | None:
    """The cursor, or ``None`` if nothing was read yet."""
    record = await database.fetch_one("select name, slot, signature from feed_cursors where name = $1", name)
    return None if record is None else FeedCursor(**dict(record))
