"""What a creator says of a bot beside its puzzle, and the words that it is found by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from arena.store import search
from arena.store.batch import RANK_BOT_TEXT, insert, update
from arena.store.bots import NewBot
from persistence import Write

MAX_DESCRIPTION: Final = 1_000
"""Characters."""
_SEARCHED: Final = ("persona", "objective")
"""What of a puzzle's public configuration bots are found by. Not its hints: they may be locked."""

INSERT = insert("bot_texts.insert", "bot_texts", {"bot_id": "uuid", "words": "text"}, RANK_BOT_TEXT)
"""Single writer: the request that drafts the bot."""

EDIT = update(
    "bot_texts.edit",
    "bot_texts",
    {"bot_id": "uuid", "revision": "bigint", "description": "text", "words": "text"},
    set_="description = v.description, words = v.words, revision = t.revision + 1",
    where="t.bot_id = v.bot_id and t.revision = v.revision",
    rank=RANK_BOT_TEXT,
)
"""Single writer: the creator's requests. Refused when another one was faster."""


def add(bot: NewBot) -> Write:
    """The texts of a draft, with no description yet. In the change that inserts the draft."""
    return INSERT.row(bot.id, _words(bot.name, bot.public, ""))


def edit(bot_id: UUID, *, revision: int, name: str, public: Mapping[str, object], description: str) -> Write:
    """Describe a bot anew, if ``revision`` is still the current one."""
    return EDIT.row(bot_id, revision, description, _words(name, public, description))


def _words(name: str, public: Mapping[str, object], description: str) -> str:
    return search.stored([name, *(str(public[field]) for field in _SEARCHED if field in public), description])
