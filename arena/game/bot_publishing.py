"""Who listens to a bot: sessions and spectators with bounded subscriptions, and the lobby."""

from __future__ import annotations

from uuid import UUID

import structlog

from actors import ActorStopped, MailboxFull, Publisher, Subscription
from arena.game.messages import BotChanged, LobbyEntry, Publication, Published
from arena.game.services import Services
from arena.store.bots import Bot, Mirror

log = structlog.get_logger(__name__)

SESSIONS_BEFORE_SWEEP = 256


class BotPublishing:
    """Tells what was committed. Nobody is waited for: who falls behind is dropped, and catches up from the log."""

    def __init__(self, services: Services) -> None:
        self.lobby_is_behind = False
        """The lobby's mailbox was full when it was told last."""
        self._services = services
        self._everybody: Publisher[Publication] = Publisher()
        self._sessions: dict[UUID, Publisher[Publication]] = {}

    @property
    def sessions(self) -> int:
        """How many sessions have listened lately."""
        return len(self._sessions)

    def subscribe(self, session_id: UUID | None) -> Subscription[Publication]:
        """All frames of a session from now on, or with None those for everybody."""
        if session_id is None:
            return self._everybody.subscribe()
        if len(self._sessions) >= SESSIONS_BEFORE_SWEEP:
            self._sessions = {key: publisher for key, publisher in self._sessions.items() if len(publisher)}
        if session_id not in self._sessions:
            self._sessions[session_id] = Publisher()
        return self._sessions[session_id].subscribe()

    def publish(self, *published: Published) -> None:
        """Send frames to whom each is for: to one listener all together."""
        public = tuple(one for one in published if one.session_id is None)
        private = {one.session_id for one in published if one.session_id is not None}
        if public:
            self._everybody.publish(public)
            for session_id, publisher in self._sessions.items():
                if session_id not in private:
                    publisher.publish(public)
        for session_id in private & self._sessions.keys():
            self._sessions[session_id].publish(
                tuple(one for one in published if one.session_id in (None, session_id))
            )

    def tell_lobby(self, bot: Bot, mirror: Mirror) -> bool:
        """What the lobby shows of the bot. False if it has to be told again."""
        entry = LobbyEntry(
            bot_id=bot.id,
            seq=mirror.frame_seq,
            name=bot.name,
            kind=bot.kind,
            status=mirror.status.value,
            pot=mirror.pot,
            next_price=mirror.next_price,
            message_count=mirror.message_count,
            closes_at=bot.closes_at,
        )
        self.lobby_is_behind = False
        try:
            self._services.lobby.tell(BotChanged(entry))
        except MailboxFull as error:
            log.info("lobby_not_told", bot_id=str(bot.id), reason=str(error))
            self.lobby_is_behind = True
        except ActorStopped as error:
            # when it starts again, whoever was subscribed reads the rows
            log.info("lobby_not_told", bot_id=str(bot.id), reason=str(error))
        return not self.lobby_is_behind

    def close(self) -> None:
        """End all subscriptions."""
        self._everybody.close()
        for publisher in self._sessions.values():
            publisher.close()
