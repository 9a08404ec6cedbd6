"""What happens with one bot, in words for a terminal. No input or output."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.text import Text

from arena.cli.arena_client import Json
from arena.cli.plain import parse_time, plain, short_address, time_left
from arena.economy import format_sol


def said(frame: Json, bot_name: str, *, lines: bool = True) -> list[Text]:
    """A message with the bot's reply: of a `reply` frame or of the transcript. `lines`: with their own line breaks."""
    who = plain(frame.get("username") or short_address(frame["wallet"]))
    shown = _speech(f"#{frame['message_index']} {who}", plain(frame["text"], lines=lines), "cyan")
    shown += _speech(plain(bot_name), plain(frame["reply"], lines=lines), "magenta")
    if frame["verdict"] == "solved":
        shown.append(Text("Solved!", style="bold green"))
    return shown


def _speech(who: str, text: str, style: str) -> list[Text]:
    first, *others = text.split("\n")
    return [Text.assemble((f"{who}: ", style), first), *(Text(f"    {other}") for other in others)]


def happened(frame: Json, bot_name: str, *, lines: bool = True) -> list[Text]:
    """What a frame tells; nothing for those that only change numbers (see `standing`)."""
    match frame["type"]:
        case "reply":
            return said(frame, bot_name, lines=lines)
        case "settlement":
            return [Text(_settled(frame), style="bold green")]
        case "refund":
            return [Text(_refunded(frame), style="yellow")]
        case "rollback":
            words = f"The chain took back what followed message {frame['message_count']}"
            return [Text(f"{words}: it does not count until it lands again.", style="yellow")]
        case "error":
            return [Text(f"The arena says: {plain(frame.get('detail') or frame['code'])}", style="yellow")]
        case _:
            return []


def _settled(frame: Json) -> str:
    winner = short_address(frame["winner"]) if frame.get("winner") else "nobody"
    reward = format_sol(frame["reward"]) if frame.get("reward") else ""
    match frame["status"]:
        case "solved":
            index = frame.get("message_index")
            with_it = f" with message {index}" if index is not None else ""
            return f"{winner} has solved it{with_it}" + (f" and wins {reward}." if reward else ".")
        case "paid":
            return f"The pot is paid to {winner}" + (f": {reward}." if reward else ".")
        case "expired":
            return "Its time is over; nobody has solved it."
        case "closed":
            return "The bot is closed."
        case "halted":
            return "The bot is halted: operators have to look at it."
        case "resumed":
            return "The bot goes on."
        case other:
            return f"The bot is {plain(other)}."


def _refunded(frame: Json) -> str:
    how = {"due": "goes back", "paid": "went back", "unclaimed": "could not go back"}
    why = {
        "late": " It came after the winning one.",
        "unjudged": " It could not be judged.",
        "spending_limit": " The bot has spent for today what it may.",
    }
    return (
        f"Message {frame['message_index']}: {format_sol(frame['amount'])} "
        f"{how.get(frame['status'], plain(frame['status']))}.{why.get(frame.get('reason') or '', '')}"
    )


def changed(bot: Json, frame: Json) -> Json:
    """The bot (as of `GET /bots/{id}`, with `players` and `watching`) after a frame."""
    match frame["type"]:
        case "pot" | "rollback":
            names: Iterable[str] = ("pot", "message_count", "next_price")
        case "presence":
            names = ("players", "watching")
        case "settlement" if frame["status"] in ("solved", "expired", "closed", "halted"):
            return {**bot, "status": frame["status"]}
        case "settlement" if frame["status"] == "resumed":
            return {**bot, "status": "open"}
        case _:
            return bot
    return {**bot, **{name: frame[name] for name in names}}


def standing(bot: Json, now: datetime) -> Text:
    """One line: how the bot stands."""
    left = (
        f"{time_left(parse_time(bot['closes_at']), now)} left" if bot["status"] == "open" else bot["status"]
    )
    parts = [plain(bot["name"]), f"pot {format_sol(bot['pot'])}"]
    if bot["status"] == "open":
        parts.append(f"next {format_sol(bot['next_price'])}")
    parts.append(plain(left))
    if "players" in bot:
        parts.append(f"{bot['players']} playing, {bot['watching']} watching")
    return Text(" · ".join(parts), style="bold", no_wrap=True, overflow="ellipsis")
