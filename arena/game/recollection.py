"""What players and their bot have said to each other lately, so that it is not read again for each message."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from arena.brains import Turn

MAX_CHARACTERS = 262_144
"""Of all texts and replies that one bot keeps."""
MAX_SESSIONS = 1024


class Recollection:
    """The latest judged messages of a bot's sessions; those of the session heard of longest ago are forgotten first.

    Args:
        turns: how many of a session are kept.
    """

    def __init__(self, turns: int, max_characters: int = MAX_CHARACTERS) -> None:
        self._turns = turns
        self._max_characters = max_characters
        self._sessions: OrderedDict[UUID, list[Turn]] = OrderedDict()
        self._characters = 0

    def of(self, session_id: UUID) -> list[Turn] | None:
        """The session's turns, the oldest first; None: they have to be read."""
        turns = self._sessions.get(session_id)
        return None if turns is None else list(turns)

    def knows(self, session_id: UUID) -> bool:
        """Whether `of` has an answer."""
        return session_id in self._sessions

    def keep(self, session_id: UUID, turns: Iterable[Turn]) -> None:
        """What was read."""
        self._forget(session_id)
        self._sessions[session_id] = kept = list(turns)
        self._characters += sum(map(_size, kept))
        self._make_room()

    def add(self, session_id: UUID, turn: Turn) -> None:
        """One more turn of a session; of one that is not kept it will be read."""
        turns = self._sessions.get(session_id)
        if turns is None:
            return
        self._sessions.move_to_end(session_id)
        turns.append(turn)
        self._characters += _size(turn)
        while len(turns) > self._turns:
            self._characters -= _size(turns.pop(0))
        self._make_room()

    def clear(self) -> None:
        """Forget all: the rows have changed."""
        self._sessions.clear()
        self._characters = 0

    def _make_room(self) -> None:
        while self._characters > self._max_characters or len(self._sessions) > MAX_SESSIONS:
            self._forget(next(iter(self._sessions)))

    def _forget(self, session_id: UUID) -> None:
        self._characters -= sum(map(_size, self._sessions.pop(session_id, ())))


def _size(turn: Turn) -> int:
    return len(turn.text) + len(turn.reply or "")
