"""The conversation of `/ws/lobby`: the open bots with the largest pots, then whatever changes about any bot.

It subscribes first, then reads the page, so that nothing is missed in between. A client that is slow gets the newest
entry of each bot when there is room for it, not all of them; one that falls behind for longer, or whose lobby has
started anew, gets a page again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
import trio

from actors import SubscriberLagged, Subscription
from arena.edge.authentication import Authenticator
from arena.edge.rate_limits import FrameLimits
from arena.edge.shared_read import SharedRead
from arena.game.lobby import entry_of, shown
from arena.game.messages import LobbyUpdate, SubscribeLobby
from arena.game.services import Services
from arena.problems import Problem
from arena.store import bot_views
from arena.ws.connection import Connection, ConnectionClosed, Conversation
from arena.ws.dialects import LOBBY, FrameRefused
from arena.ws.floods import refuse_frame
from arena.ws.outages import QUERY_TIMEOUT, Patience, through_outages
from arena.ws.protocol import PONG, LobbyFrame, LobbyWelcomeFrame, PingFrame, error_frame

log = structlog.get_logger(__name__)

PAGE = 200
"""Bots on the page."""
SUBSCRIBE_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Page:
    """The `lobby` frame, and for each bot on it the newest frame of its log: an update may be older than the page."""

    frame: bytes
    seqs: Mapping[UUID, int]


class Lobby:
    """The lobby's conversations, which share what they read."""

    def __init__(self, services: Services, authenticator: Authenticator) -> None:
        self._services = services
        self._authenticator = authenticator
        self._page = SharedRead(self._read_page)

    def conversation(self, limits: FrameLimits) -> Conversation:
        """With one client, anybody. Ends with a `Problem` when a token was sent and is revoked."""

        async def converse(connection: Connection) -> None:
            await self._converse(connection, limits)

        return converse

    async def _converse(self, connection: Connection, limits: FrameLimits) -> None:
        who = connection.identity
        if who is not None:
            await through_outages(connection, lambda: self._authenticator.check_revoked(who))
        connection.send_nowait(LobbyWelcomeFrame().encode())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell, connection)
            try:
                while True:
                    _take(connection, limits, await connection.receive())
            except ConnectionClosed:
                nursery.cancel_scope.cancel()

    async def _tell(self, connection: Connection) -> None:
        patience = Patience(connection)
        try:
            while True:
                await patience.attempt(lambda: self._tell_changes(connection, patience))
        except ConnectionClosed:
            log.debug("a connection was closed while the lobby was told")

    async def _tell_changes(self, connection: Connection, patience: Patience) -> None:
        """A page, and what changes from then on, until the subscription ends."""
        with trio.fail_after(SUBSCRIBE_TIMEOUT):
            subscription = await self._services.lobby.ask(SubscribeLobby())
        try:
            await connection.flushed()
            with trio.fail_after(QUERY_TIMEOUT):
                page = await self._page.get()
            connection.send_nowait(page.frame)
            patience.restored()
            async for update in subscription:
                # while this waits, newer ones take the place of what has not been sent
                await connection.flushed()
                for frame in _latest(update, subscription, page.seqs):
                    await connection.send(frame)
        except SubscriberLagged:
            log.debug("a subscription to the lobby lagged")
        finally:
            subscription.close()

    async def _read_page(self) -> Page:
        found = await bot_views.richest(self._services.database, limit=PAGE + 1)
        presence = self._services.presence
        entries = [entry_of(bot) for bot in found[:PAGE]]
        frame = LobbyFrame(
            bots=[shown(entry, presence.published(entry.bot_id)) for entry in entries],
            more=len(found) > PAGE,
        )
        return Page(frame.encode(), {entry.bot_id: entry.seq for entry in entries})


def _latest(
    update: LobbyUpdate, subscription: Subscription[LobbyUpdate], seqs: Mapping[UUID, int]
) -> list[bytes]:
    """The newest entry of each bot in the update and all that are there already, and who is there since.

    Raises `SubscriberLagged` when some were lost.
    """
    latest: dict[tuple[UUID, bool], bytes] = {}
    while True:
        for news in update:
            if news.seq is not None and news.seq < seqs.get(news.bot_id, 0):
                continue
            whole = news.seq is not None
            latest.pop((news.bot_id, False), None)  # a whole entry tells who is there, too
            if whole:
                latest.pop((news.bot_id, True), None)
            latest[news.bot_id, whole] = news.frame
        try:
            update = subscription.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return list(latest.values())


def _take(connection: Connection, limits: FrameLimits, data: bytes | str) -> None:
    try:
        limits.check_frame()
        frame = LOBBY.decode(data)
    except FrameRefused as refusal:
        connection.send_nowait(error_frame(refusal, refusal.frame_id))
        return
    except Problem as too_many:
        refuse_frame(connection, limits, too_many)
        return
    if isinstance(frame, PingFrame):
        connection.send_nowait(PONG)
