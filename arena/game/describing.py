"""What a creator may change of a bot: its description, which is no part of what it is committed to."""

from __future__ import annotations

from arena.game.services import Services
from arena.game.text import checked_text
from arena.problems import Problem
from arena.store import audit, bot_texts
from arena.store.bot_views import BotView
from persistence import Change, WriteConflict


async def describe_bot(services: Services, bot: BotView, description: str, *, revision: int) -> None:
    """Replace the description of `bot`, and put on record who changed what. Saying the same again changes nothing.

    Raises:
        Problem: `text_invalid`; `bot_changed`, it has been edited since `revision`.
    """
    # empty is fine: there is nothing to say
    text = checked_text(description, bot_texts.MAX_DESCRIPTION) if description.strip() else ""
    if text == bot.description:
        return
    edit = bot_texts.edit(bot.id, revision=revision, name=bot.name, public=bot.public, description=text)
    entry = audit.record(bot.creator, "bot.describe", str(bot.id), {"was": bot.description, "is": text})
    try:
        await services.journal.commit(Change(writes=(edit, entry)))
    except WriteConflict:
        raise Problem(
            "bot_changed",
            "This bot has been edited meanwhile",
            409,
            "Get it again, and change it as it is now.",
        ) from None
