"""The game's SQL."""

from arena.store import (
    audit,
    auth,
    bot_lists,
    bot_texts,
    bot_views,
    bots,
    chain_events,
    events,
    idempotency,
    messages,
    money,
    search,
    sessions,
    solutions,
    transactions,
    transcripts,
    users,
)
from arena.store.schema import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "audit",
    "auth",
    "bot_lists",
    "bot_texts",
    "bot_views",
    "bots",
    "chain_events",
    "events",
    "idempotency",
    "messages",
    "money",
    "search",
    "sessions",
    "solutions",
    "transactions",
    "transcripts",
    "users",
]
