"""The lobby: tells its subscribers what has changed about which bot, and who is there; keeps the leaderboards.

Pages read the tables; only changes come through here. They are collected for a moment and published together, the
latest of each bot alone: entries are absolute, so nothing is lost by that. Leaderboards are read from the tables, too,
beside the mailbox, and what is kept of them is nothing but a copy: after a restart they are read anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import trio
from pydantic_core import to_json

from actors import Actor, ActorStopped, Publisher
from arena.game.frames import BotEntry, BotFrame, PresenceFrame
from arena.game.messages import (
    BotChanged,
    LobbyEntry,
    LobbyMessage,
    LobbyNews,
    LobbyUpdate,
    PresenceMoved,
    PublishLobby,
    RewardFinal,
    ShowStandings,
    StandingsRead,
    SubscribeLobby,
)
from arena.game.presence import Count, Presence
from arena.game.standings import Answer, Standings, StandingsCache
from arena.problems import unavailable
from arena.store import leaderboards
from arena.store.bot_views import BotView
from arena.store.leaderboards import Board, Window
from persistence import Database, DatabaseUnavailable

INTERVAL = 0.2
"""Seconds in which changes are collected."""
PRESENCE_INTERVAL = 1.0
"""Seconds between two counts of who is there."""
SUBSCRIPTION = 64
"""Updates that a subscriber may be behind: more than ten seconds. Then it has to start over."""
READ_TIMEOUT = 20.0
"""Seconds that reading a leaderboard may take."""


def entry_of(bot: BotView) -> LobbyEntry:
    """What the lobby shows of a bot, from its row."""
    return LobbyEntry(
        bot_id=bot.id,
        seq=bot.frame_seq,
        name=bot.name,
        kind=bot.kind,
        status=bot.status.value,
        pot=bot.pot,
        next_price=bot.next_price,
        message_count=bot.message_count,
        closes_at=bot.closes_at,
    )


def shown(entry: LobbyEntry, count: Count) -> BotEntry:
    """The entry as clients get it."""
    return BotEntry(
        id=entry.bot_id,
        name=entry.name,
        kind=entry.kind,
        status=entry.status,
        pot=entry.pot,
        next_price=entry.next_price,
        message_count=entry.message_count,
        closes_at=entry.closes_at,
        players=count.players,
        watching=count.watching,
    )


class LobbyActor(Actor[LobbyMessage]):
    """Fans out what bots report and what `presence` counts. Who was subscribed to an earlier start starts over."""

    mailbox_capacity = 4096

    def __init__(self, database: Database, presence: Presence) -> None:
        self._database = database
        self._presence = presence
        self._publisher: Publisher[LobbyUpdate] = Publisher()
        self._entries: dict[UUID, LobbyEntry] = {}
        """What has changed since the last update."""
        self._counts: dict[UUID, Count] = {}
        self._due = False
        self._changes = 0
        self._standings = StandingsCache(self._start_reading)

    async def started(self) -> None:
        self.context.on_end(self._publisher.close)
        self.context.on_end(self._standings.close)
        self.context.start_task(self._watch_presence, name="presence")

    async def receive(self, message: LobbyMessage) -> Any:
        match message:
            case BotChanged(entry):
                self._changes += 1
                self._entries[entry.bot_id] = entry
                self._standings.changed(Board.CREATORS)
                self._publish_soon()
            case PresenceMoved(counts):
                self._counts.update(counts)
                self._publish_soon()
            case PublishLobby():
                self._publish()
            case SubscribeLobby():
                return self._publisher.subscribe(SUBSCRIPTION)
            case RewardFinal():
                self._standings.changed(Board.SOLVERS)
            case ShowStandings(board, window):
                return self._standings.show(board, window)
            case StandingsRead(board, window, found, took):
                self._standings.done(board, window, found, took)
        return None

    def describe(self) -> Mapping[str, object]:
        return {
            "changes": self._changes,
            "subscribers": len(self._publisher),
            "bots_in_use": len(self._presence),
            "leaderboards_read": self._standings.reads,
        }

    def _publish_soon(self) -> None:
        if not self._due:
            self._due = True
            self.context.send_later(INTERVAL, PublishLobby())

    def _publish(self) -> None:
        self._due = False
        entries, self._entries = self._entries, {}
        counts, self._counts = self._counts, {}
        if not len(self._publisher):
            return
        news = [
            LobbyNews(
                bot_id, entry.seq, to_json(BotFrame(bot=shown(entry, self._presence.published(bot_id))))
            )
            for bot_id, entry in entries.items()
        ]
        news += [
            LobbyNews(
                bot_id,
                None,
                to_json(PresenceFrame(bot_id=bot_id, players=count.players, watching=count.watching)),
            )
            for bot_id, count in counts.items()
            if bot_id not in entries  # their frames have it
        ]
        self._publisher.publish(tuple(news))

    async def _watch_presence(self) -> None:
        while True:
            await self._presence.stirred()
            counts = self._presence.publish()
            if counts:
                try:
                    await self.context.ref.ask(PresenceMoved(counts))
                except ActorStopped:
                    return  # this start of it ends; who is subscribed then reads everything again
            await trio.sleep(PRESENCE_INTERVAL)

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
