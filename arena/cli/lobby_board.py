"""The lobby as a terminal shows it: kept up to date by frames, as a table or as lines. No input or output."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from arena.cli.arena_client import Json
from arena.cli.plain import parse_time, plain, sol, time_left
from arena.economy import format_sol

BRIGHT_FOR: Final = 3.0
"""Seconds for which something that changed stands out."""
ENDED_SHOWN_FOR: Final = 30.0
"""Seconds for which a bot that takes no messages any more is still shown."""
MIDDLE, WIDE = 64, 100
"""Columns of a terminal from which on more is shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A bot in the lobby. Amounts in lamports; texts are as they came."""

    id: str
    name: str
    kind: str
    status: str
    pot: int
    next_price: int
    message_count: int
    closes_at: datetime
    players: int
    watching: int

    @property
    def is_open(self) -> bool:
        return self.status == "open"


def entry(bot: Json) -> Entry:
    """Of a frame. Raises `KeyError` or `ValueError` for what is none."""
    values = {name: bot[name] for name in Entry.__slots__}
    return Entry(**values | {"closes_at": parse_time(bot["closes_at"])})


SORTS: Final[dict[str, Callable[[Entry], Any]]] = {
    "pot": lambda bot: -bot.pot,
    "price": lambda bot: bot.next_price,
    "time": lambda bot: bot.closes_at,
}


class Board:
    """All bots that were told of; times `at` are seconds of any one clock."""

    def __init__(self) -> None:
        self.bots: dict[str, Entry] = {}
        self.more = False
        self.known = False
        """Whether anything was told yet."""
        self._changed: dict[tuple[str, str], float] = {}
        self._ended: dict[str, float] = {}

    def take(self, frame: Json, at: float) -> list[Entry]:
        """What has changed by it."""
        match frame["type"]:
            case "lobby":
                now = [entry(bot) for bot in frame["bots"]]
                self.more, self.known = frame["more"], True
                # what is not on the page is over, or is told of when it changes
                kept = {bot.id for bot in now}
                for gone in [bot_id for bot_id in self.bots if bot_id not in kept]:
                    self._forget(gone)
                return [bot for bot in now if self._put(bot, at)]
            case "bot":
                bot = entry(frame["bot"])
                return [bot] if self._put(bot, at) else []
            case "presence" if (known := self.bots.get(frame["bot_id"])) is not None:
                bot = replace(known, players=frame["players"], watching=frame["watching"])
                return [bot] if self._put(bot, at) else []
            case _:
                return []

    def _put(self, bot: Entry, at: float) -> bool:
        known = self.bots.get(bot.id)
        self.bots[bot.id] = bot
        if not bot.is_open:
            self._ended.setdefault(bot.id, at)
        else:
            self._ended.pop(bot.id, None)
        if known is None:
            self._changed[bot.id, "name"] = at
            return True
        changed = [name for name in Entry.__slots__ if getattr(known, name) != getattr(bot, name)]
        self._changed |= {(bot.id, name): at for name in changed}
        return bool(changed)

    def _forget(self, bot_id: str) -> None:
        del self.bots[bot_id]
        self._ended.pop(bot_id, None)

    def rows(self, sort: str, at: float) -> list[Entry]:
        """As they are shown: open ones first. What is long over is forgotten."""
        for bot_id in [bot_id for bot_id, since in self._ended.items() if at - since > ENDED_SHOWN_FOR]:
            self._forget(bot_id)
        self._changed = {key: since for key, since in self._changed.items() if at - since < BRIGHT_FOR}
        by = SORTS[sort]
        return sorted(self.bots.values(), key=lambda bot: (not bot.is_open, by(bot), bot.id))

    def is_bright(self, bot: Entry, *fields: str) -> bool:
        """Whether one of these has just changed."""
        return any((bot.id, field) in self._changed for field in fields)


def table(board: Board, sort: str, at: float, now: datetime, width: int, height: int) -> RenderableType:
    """At most `height` lines of `width` columns."""
    bots = board.rows(sort, at)
    if not bots:
        return Text("No bot is open." if board.known else "", style="dim")
    room = height - 1
    rest = len(bots) - room
    if rest > 0 or board.more:
        room -= 1
    shown = _table(board, bots[: max(room, 0)], sort, now, width)
    left_out = len(bots) - room
    if left_out > 0:
        return Group(shown, Text(f"and {left_out} more", style="dim", no_wrap=True, overflow="ellipsis"))
    if board.more:
        words = "and more: arena bots list --status open"
        return Group(shown, Text(words, style="dim", no_wrap=True, overflow="ellipsis"))
    return shown


def _table(board: Board, bots: Iterable[Entry], sort: str, now: datetime, width: int) -> Table:
    decimals = 9 if width >= WIDE else 4
    found = Table(box=None, expand=True, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    found.add_column("bot", ratio=1, no_wrap=True, overflow="ellipsis")
    if width >= WIDE:
        found.add_column("kind", no_wrap=True, max_width=12, overflow="ellipsis")
    for column, by in (("pot", "pot"), ("next", "price")):
        head = f"{column} SOL" if width >= MIDDLE else column
        found.add_column(_head(head, by, sort), justify="right", no_wrap=True)
    if width >= MIDDLE:
        found.add_column("said", justify="right", no_wrap=True)
        found.add_column("playing", justify="right", no_wrap=True)
        found.add_column("watching", justify="right", no_wrap=True)
    found.add_column(_head("left", "time", sort), justify="right", no_wrap=True)
    for bot in bots:

        def cell(text: str, *fields: str, bot: Entry = bot) -> Text:
            return Text(text, style="bold yellow" if board.is_bright(bot, *fields) else "")

        cells = [cell(plain(bot.name), "name")]
        if width >= WIDE:
            cells.append(Text(plain(bot.kind)))
        cells += [cell(sol(bot.pot, decimals), "pot"), cell(sol(bot.next_price, decimals), "next_price")]
        if width >= MIDDLE:
            cells += [
                cell(str(bot.message_count), "message_count"),
                cell(str(bot.players), "players"),
                cell(str(bot.watching), "watching"),
            ]
        left = time_left(bot.closes_at, now, short=width < MIDDLE) if bot.is_open else plain(bot.status)
        found.add_row(*cells, cell(left, "status"), style="" if bot.is_open else "dim")
    return found


def _head(words: str, by: str, sort: str) -> Text:
    return Text(words, style="bold" if by == sort else "")


def line(bot: Entry, now: datetime) -> str:
    """A bot as one line of text, for what is no terminal."""
    left = f"{time_left(bot.closes_at, now)} left" if bot.is_open else plain(bot.status)
    return (
        f"{plain(bot.id)}  {plain(bot.name)}: {format_sol(bot.pot)} in the pot, "
        f"{format_sol(bot.next_price)} a message, {bot.message_count} said, "
        f"{bot.players} playing, {bot.watching} watching, {left}"
    )
