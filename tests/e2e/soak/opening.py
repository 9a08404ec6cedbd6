"""What creators do, however often they have to ask: open bots, and close those that nobody has paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from arena.cli.arena_client import ArenaClient, ArenaError
from tests.e2e.player import PAUSE, persistently
from tests.e2e.soak.records import Bot, Record

FOREVER = 600.0
SIGNED_TOO_LATE = ("transaction_spent", "blockhash_mismatch")


async def open_bot(
    creator: ArenaClient, terms: dict[str, Any], hopeless: Callable[[], bool]
) -> dict[str, Any] | None:
    """The bot, once it takes messages; None if it was not opened before it became `hopeless` and is a draft again."""
    drafted = await persistently(creator, "POST", "/bots", terms, within=FOREVER)
    bot: dict[str, Any] = drafted["bot"]
    path, transaction = f"/bots/{bot['id']}", drafted["transaction"]
    while True:
        try:
            signed = {"transaction": creator.sign(transaction)}
            await persistently(creator, "POST", f"{path}/open", signed, within=FOREVER)
        except ArenaError as error:
            if error.code not in SIGNED_TOO_LATE:
                raise
        while (status := (await persistently(creator, "GET", path, within=FOREVER))["status"]) == "opening":
            await trio.sleep(PAUSE)
        if status != "draft":
            return bot
        if hopeless():
            return None
        # it expired on its way, in an outage
        answer = await persistently(creator, "POST", f"{path}/transaction", within=FOREVER)
        transaction = answer["transaction"]


async def close_unplayed(creator: ArenaClient, bot: Bot, record: Record) -> None:
    """Until the bot is closed, or its opening was taken back by the chain for good."""
    path = f"/bots/{bot.id}"
    while True:
        status = (await persistently(creator, "GET", path, within=FOREVER))["status"]
        if status in ("closed", "draft"):
            bot.ended = True
            return
        try:
            drafted = await persistently(creator, "POST", f"{path}/closing", within=FOREVER)
            signed = {"transaction": creator.sign(drafted["transaction"])}
            await persistently(creator, "POST", f"{path}/close", signed, within=FOREVER)
        except ArenaError as error:
            # while the chain takes its opening back, it is not open, or not there
            if error.code not in (*SIGNED_TOO_LATE, "bot_not_live", "bot_not_found"):
                record.violation(f"the unplayed bot {bot.id}, {status}, cannot be closed: {error}")
                return
        await trio.sleep(1)
