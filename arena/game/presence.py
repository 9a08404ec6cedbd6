"""Who is there: how many chat with each bot, and how many watch it.

Connections say so themselves, for as long as they last; nothing of it is stored, and an actor that starts anew loses
nothing. The lobby publishes what has changed, at most once in a while, so that whoever wants to know always gets the
latest and never a queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import trio
from pydantic_core import to_json

from arena.game.frames import PresenceFrame


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are. Somebody on several connections is one; a player who also watches is a player."""

    players: int = 0
    watching: int = 0


@dataclass(slots=True)
class _Room:
    """The connections of one bot. `frame` tells what was published last."""

    players: Counter[object] = field(default_factory=Counter)
    watching: Counter[object] = field(default_factory=Counter)
    published: Count = Count()
    frame: bytes | None = None
    changed: trio.Event = field(default_factory=trio.Event)

    def count(self) -> Count:
        return Count(len(self.players), len(self.watching.keys() - self.players.keys()))


class Presence:
    """Counts connections by bot. A bot is forgotten when nobody is there and that was published."""

    def __init__(self) -> None:
        self._rooms: dict[UUID, _Room] = {}
        self._stirred: dict[UUID, None] = {}
        self._stir = trio.Event()

    def __len__(self) -> int:
        """How many bots have somebody with them."""
        return len(self._rooms)

    @contextmanager
    def playing(self, bot_id: UUID, who: object) -> Iterator[None]:
        """Somebody chats with the bot."""
        room = self._room(bot_id)
        with self._counted(bot_id, room.players, who):
            yield

    @contextmanager
    def watching(self, bot_id: UUID, who: object) -> Iterator[None]:
        """Somebody looks on."""
        room = self._room(bot_id)
        with self._counted(bot_id, room.watching, who):
            yield

    def published(self, bot_id: UUID) -> Count:
        """What was told last."""
        room = self._rooms.get(bot_id)
        return Count() if room is None else room.published

    async def frame(self, bot_id: UUID, after: bytes | None) -> bytes:
        """The frame that was published last, once it is another one than `after`. For who is counted there."""
        room = self._rooms[bot_id]
        while room.frame is None or room.frame == after:
            await room.changed.wait()
        return room.frame

    async def stirred(self) -> None:
        """Wait until somebody has come or gone since the last `publish`."""
        await self._stir.wait()

    def publish(self) -> dict[UUID, Count]:
        """Tell who waits for a frame, and return what is new, by bot."""
        stirred, self._stirred = self._stirred, {}
        self._stir = trio.Event()
        news: dict[UUID, Count] = {}
        for bot_id in stirred:
            room = self._rooms[bot_id]
            count = room.count()
            if room.frame is None or count != room.published:
                room.published = news[bot_id] = count
                frame = PresenceFrame(bot_id=bot_id, players=count.players, watching=count.watching)
                room.frame = to_json(frame)
                changed, room.changed = room.changed, trio.Event()
                changed.set()
            if not room.players and not room.watching:
                del self._rooms[bot_id]
        return news

    def _room(self, bot_id: UUID) -> _Room:
        return self._rooms.setdefault(bot_id, _Room())

    @contextmanager
    def _counted(self, bot_id: UUID, counter: Counter[object], who: object) -> Iterator[None]:
        counter[who] += 1
        self._stir_up(bot_id)
        try:
            yield
        finally:
            counter[who] -= 1
            if not counter[who]:
                del counter[who]
            self._stir_up(bot_id)

    def _stir_up(self, bot_id: UUID) -> None:
        self._stirred[bot_id] = None
        self._stir.set()
