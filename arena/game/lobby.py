"""The lobby: tells its subscribers which pots have changed, and keeps the leaderboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from actors import Actor, Publisher
from arena.game.messages import (
    BotChanged,
    LobbyEntry,
    LobbyMessage,
    RewardFinal,
    ShowStandings,
    StandingsRead,
    SubscribeLobby,
)
from arena.game.standings import Answer, Standings, StandingsCache
from arena.problems import unavailable
from arena.store import leaderboards
from arena.store.leaderboards import Board, Window
from persistence import Database, DatabaseUnavailable

READ_TIMEOUT = 20.0
"""Seconds that reading a leaderboard may take."""


class LobbyActor(Actor[LobbyMessage]):
    """Fans out what bots report.

    Pages read the tables; only changes come through here. Entries are absolute, so that one lost to a full mailbox is
    made good by the next. Leaderboards are read from the tables, too, beside the mailbox, and what is kept of them is
    nothing but a copy: after a restart they are read anew.
    """

    mailbox_capacity = 4096

    def __init__(self, database: Database) -> None:
        self._database = database
        self._publisher: Publisher[LobbyEntry] = Publisher()
        self._changes = 0
        self._standings = StandingsCache(self._start_reading)

    async def started(self) -> None:
        self.context.on_end(self._publisher.close)
        self.context.on_end(self._standings.close)

    async def receive(self, message: LobbyMessage) -> Any:
        match message:
            case BotChanged(entry):
                self._changes += 1
                self._publisher.publish(entry)
                self._standings.changed(Board.CREATORS)
                return None
            case SubscribeLobby():
                return self._publisher.subscribe()
            case RewardFinal():
                return self._standings.changed(Board.SOLVERS)
            case ShowStandings(board, window):
                return self._standings.show(board, window)
            case StandingsRead(board, window, found, took):
                return self._standings.done(board, window, found, took)

    def describe(self) -> Mapping[str, object]:
        return {"changes": self._changes, "leaderboards_read": self._standings.reads}

    def _start_reading(self, board: Board, window: Window) -> None:
        self.context.start_task(self._read, board, window, name="leaderboard")

    async def _read(self, board: Board, window: Window) -> None:
        began = trio.current_time()
        found: Answer
        try:
            with trio.fail_after(READ_TIMEOUT):
                found = Standings(*await leaderboards.read(self._database, board, window))
        except (DatabaseUnavailable, trio.TooSlowError):
            found = unavailable("database")
        await self.context.ref.ask(StandingsRead(board, window, found, trio.current_time() - began))
