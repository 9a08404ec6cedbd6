"""Telling a client how many are with its bot: the newest count, whenever there is room for it."""

from __future__ import annotations

from uuid import UUID

import structlog

from arena.game.presence import Presence
from arena.ws.connection import Connection, ConnectionClosed

log = structlog.get_logger(__name__)


async def tell_presence(connection: Connection, presence: Presence, bot_id: UUID) -> None:
    """Until the connection is closed. For a client that is counted there."""
    told: bytes | None = None
    try:
        while True:
            await presence.frame(bot_id, told)
            # while this waits, a newer one may take its place
            await connection.flushed()
            told = await presence.frame(bot_id, told)
            connection.send_nowait(told)
    except ConnectionClosed:
        log.debug("a connection was closed while it was told who is there")
