"""Which bot to play: by id, by a part of its name, or from the list of those that are open."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from arena.cli.arena_client import ArenaClient, ArenaError, Json
from arena.cli.plain import parse_time, plain, time_left
from arena.economy import format_sol

LISTED = 20


async def open_bots(client: ArenaClient, words: str = "") -> list[Json]:
    """The open bots with the largest pots; only those with these words in them, if there are any."""
    query = {"status": "open", "sort": "pot", "limit": str(LISTED)} | ({"q": words} if words else {})
    found: list[Json] = (await client.call("GET", f"/bots?{urlencode(query)}"))["bots"]
    return found


async def find_bot(client: ArenaClient, wanted: str) -> Json:
    """The bot with this id, or the one open bot with this in its name. Raises `ArenaError`."""
    try:
        return await client.call("GET", f"/bots/{UUID(wanted)}")
    except ValueError:
        pass
    named = [bot for bot in await open_bots(client, wanted) if wanted.casefold() in bot["name"].casefold()]
    exact = [bot for bot in named if wanted.casefold() == bot["name"].casefold()]
    match exact or named:
        case [bot]:
            return await client.call("GET", f"/bots/{bot['id']}")
        case []:
            raise ArenaError("bot_not_found", f"no open bot has “{plain(wanted)}” in its name")
        case several:
            names = ", ".join(plain(bot["name"]) for bot in several)
            raise ArenaError("bot_ambiguous", f"several have: {names}")


def listed(bots: list[Json]) -> list[str]:
    """Two short lines for each, so that a narrow terminal has room for them."""
    now = datetime.now(UTC)
    lines: list[str] = []
    for number, bot in enumerate(bots, 1):
        left = time_left(parse_time(bot["closes_at"]), now)
        lines.append(f"{number:>3}  {plain(bot['name'])}")
        lines.append(f"     pot {format_sol(bot['pot'])} · message {format_sol(bot['next_price'])} · {left}")
    return lines
