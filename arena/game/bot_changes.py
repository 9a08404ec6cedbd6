"""What one message to a bot changes: collected, committed at once, then published.

Nothing of it is visible before the commit, and all of it is after: rows, frames and the bot's own row go into one
transaction, fenced by the snapshot's version.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from actors import Snapshot
from arena.game.frames import DurableFrame
from arena.game.messages import Published
from arena.store import bots, events
from arena.store.bots import BotStatus, Mirror
from persistence import Change, Write

SNAPSHOT_KIND = "bots"
SNAPSHOT_SCHEMA = 1


def mirror_of(bot: bots.Bot) -> Mirror:
    """What moves about a bot, as its row has it."""
    return Mirror(
        bot_id=bot.id,
        was=bot.status,
        status=bot.status,
        pot=bot.pot,
        message_count=bot.message_count,
        event_seq=bot.event_seq,
        judged_count=bot.judged_count,
        next_price=bot.next_price,
        frame_seq=bot.frame_seq,
        opened_at=bot.opened_at,
        ended_at=bot.ended_at,
    )


class BotChanges:
    """Collects the consequences of one message to a bot, starting from its `mirror`."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror if mirror.was is mirror.status else replace(mirror, was=mirror.status)
        self._values: dict[str, Any] = {}
        """New values that `_mirror` does not have yet."""
        self.published: list[Published] = []
        self._writes: list[Write] = []
        self._rewinds = False

    @property
    def mirror(self) -> Mirror:
        """The bot's row as it shall be."""
        if self._values:
            self._mirror = replace(self._mirror, **self._values)
            self._values = {}
        return self._mirror

    @property
    def status(self) -> BotStatus:
        """The bot's, as it shall be. Cheaper than to make all of `mirror` for it."""
        status: BotStatus = self._values.get("status", self._mirror.status)
        return status

    def write(self, *writes: Write) -> None:
        self._writes.extend(writes)

    def set(self, **values: Any) -> None:
        """New values of the mirror, by name."""
        self._values |= values

    def rewind(self, **values: Any) -> None:
        """The same when the chain took events back: counters may go back, as they otherwise never do."""
        self.set(**values)
        self._rewinds = True

    def emit(self, frame: type[DurableFrame], *, session_id: UUID | None = None, **fields: Any) -> None:
        """Append a frame to the bot's log: for one session, or for everybody."""
        seq: int = self._values.get("frame_seq", self._mirror.frame_seq) + 1
        self._values["frame_seq"] = seq
        body = to_json(frame(seq=seq, **fields), exclude_none=True)
        self.published.append(Published(seq, session_id, body))
        self._writes.append(events.append(self._mirror.bot_id, seq, session_id, body))

    def change(self, version: int) -> Change:
        """All of it as one change, fenced by the snapshot that `version` was read of (0: none yet).

        Of the snapshot its version is all that counts: a bot's state is its rows.
        """
        mirror = self.mirror
        snapshot = Snapshot(
            kind=SNAPSHOT_KIND,
            id=str(mirror.bot_id),
            schema=SNAPSHOT_SCHEMA,
            version=version + 1,
            data=b"",
        )
        write = bots.rewind(mirror) if self._rewinds else bots.mirror(mirror)
        return Change(writes=(*self._writes, write), snapshot=snapshot, expected_version=version)
