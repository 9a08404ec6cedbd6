"""The conversation of `/ws/bots/{id}`: what everybody may see of one bot, for anybody who wants to watch."""

from __future__ import annotations

from uuid import UUID

import trio

from arena.edge.authentication import Authenticator
from arena.edge.rate_limits import FrameLimits
from arena.game.messages import SubscribeBot
from arena.game.presence import Presence
from arena.game.services import Services
from arena.problems import Problem, not_found
from arena.store import bot_views, events
from arena.store.bot_views import PUBLIC_STATUSES
from arena.store.events import BotEvent
from arena.ws.connection import Connection, ConnectionClosed, Conversation
from arena.ws.dialects import SPECTATOR, FrameRefused
from arena.ws.floods import refuse_frame
from arena.ws.following import Following, Log
from arena.ws.outages import through_outages
from arena.ws.presence import tell_presence
from arena.ws.protocol import PONG, PingFrame, ResumeFrame, SpectatorWelcomeFrame, error_frame


def spectate(
    services: Services, authenticator: Authenticator, limits: FrameLimits, bot_id: UUID
) -> Conversation:
    """The conversation with a spectator.

    It ends with a `Problem` when a token was sent and is revoked, or the bot is not there, or not public yet.
    """

    async def admitted(connection: Connection) -> int:
        """The bot's newest frame's number."""
        if connection.identity is not None:
            await authenticator.check_revoked(connection.identity)
        bot = await bot_views.get(services.database, bot_id)
        if bot is None or bot.status not in PUBLIC_STATUSES:
            raise not_found("bot")
        return await events.last_seq(services.database, bot_id)

    async def converse(connection: Connection) -> None:
        head = await through_outages(connection, lambda: admitted(connection))
        connection.send_nowait(SpectatorWelcomeFrame(bot_id=bot_id, seq=head).encode())
        following = Following(connection, _log(services, bot_id), head)
        # several tabs of one user count once; of those who are not signed in, each
        who = connection if connection.identity is None else connection.identity.user_id
        with services.presence.watching(bot_id, who):
            await _watch(services.presence, connection, limits, following, bot_id)

    return converse


async def _watch(
    presence: Presence,
    connection: Connection,
    limits: FrameLimits,
    following: Following,
    bot_id: UUID,
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(following.run)
        nursery.start_soon(tell_presence, connection, presence, bot_id)
        try:
            while True:
                _take(connection, limits, following, await connection.receive())
        except ConnectionClosed:
            nursery.cancel_scope.cancel()


def _log(services: Services, bot_id: UUID) -> Log:
    async def page(after: int, limit: int) -> list[BotEvent]:
        return await events.public(services.database, bot_id, after=after, limit=limit)

    return Log(
        subscribe=lambda: services.bot(bot_id).ask(SubscribeBot(None)),
        page=page,
        head=lambda: events.last_seq(services.database, bot_id),
    )


def _take(connection: Connection, limits: FrameLimits, following: Following, data: bytes | str) -> None:
    try:
        limits.check_frame()
        frame = SPECTATOR.decode(data)
    except FrameRefused as refusal:
        connection.send_nowait(error_frame(refusal, refusal.frame_id))
        return
    except Problem as too_many:
        refuse_frame(connection, limits, too_many)
        return
    match frame:
        case PingFrame():
            connection.send_nowait(PONG)
        case ResumeFrame(after=after):
            following.resume(after)
