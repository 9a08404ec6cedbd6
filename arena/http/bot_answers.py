"""Bots as they go out."""

from __future__ import annotations

from typing import Final

from arena.brains import public_view
from arena.http.schemas import BotResponse, BotSummary
from arena.store.bot_views import BotLine, BotView
from arena.store.bots import BotStatus

_ENDED: Final = frozenset({BotStatus.SOLVED, BotStatus.EXPIRED, BotStatus.CLOSING, BotStatus.CLOSED})


def summary(bot: BotLine) -> BotSummary:
    """The bot in a list."""
    return BotSummary.model_validate(bot, from_attributes=True)


def full(bot: BotView) -> BotResponse:
    """The bot by itself, with what may be shown of its puzzle now."""
    return BotResponse(
        **summary(bot).model_dump(),
        description=bot.description,
        revision=bot.revision,
        public=public_view(bot.kind, bot.public, bot.message_count, ended=bot.status in _ENDED),
        objective_hash=bot.objective_hash.hex(),
        fee_base=bot.fee_base,
        fee_growth_bps=bot.fee_growth_bps,
        fee_cap=bot.fee_cap,
        pot_bps=bot.pot_bps,
        creator_bps=bot.creator_bps,
        idle_after=bot.idle_after,
        idle_min_messages=bot.idle_min_messages,
        expiry_rule=bot.expiry_rule,
        judged_count=bot.judged_count,
        winning_index=bot.winning_index,
        created_at=bot.created_at,
    )
