"""Leaderboards as the lobby keeps them: read when somebody asks, and again when something has changed.

Reading is one query, and there is never more than one of a board at a time, however many ask. It is made again at most
every second, and of the time at most a tenth is spent on it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import trio

from actors import Publisher, Subscription
from arena.problems import Problem
from arena.store.leaderboards import Board, Standing, Window

MAX_AGE: Final = 30.0
"""Seconds after which a board is read again also if nobody has told of a change: windows move on."""
MIN_PAUSE: Final = 1.0
"""Seconds for which a board is good in any case."""
BUSY_FACTOR: Final = 10
"""A board is good for so many times as long as it took to read."""


@dataclass(frozen=True)
class Standings:
    """A leaderboard at one moment: ``listed`` by rank and wallet, ``total`` with those who have no place."""

    listed: Sequence[Standing]
    total: int
    _places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {standing.wallet: place for place, standing in enumerate(self.listed)}
        object.__setattr__(self, "_places", places)

    def place(self, wallet: str) -> int | None:
        """Where in `listed` a wallet is, from 0."""
        return self._places.get(wallet)

    def after(self, lamports: int, wallet: str) -> int:
        """The place after one with so much, whether or not it is still there."""
        return bisect_right(
            self.listed, (-lamports, wallet), key=lambda standing: (-standing.lamports, standing.wallet)
        )


Answer = Standings | Problem


class _Kept:
    """One board."""

    def __init__(self) -> None:
        self.standings: Standings | None = None
        self.good_until = 0.0
        self.old_at = 0.0
        self.stale = False
        self.readers: Publisher[Answer] | None = None

    def is_good(self, now: float) -> bool:
        return self.standings is not None and (
            now < self.good_until or (not self.stale and now < self.old_at)
        )


class StandingsCache:
    """All boards. ``read`` starts the reading of one, which ends with `done`."""

    def __init__(self, read: Callable[[Board, Window], None]) -> None:
        self._read = read
        self._kept: dict[tuple[Board, Window], _Kept] = {}
        self.reads = 0

    def show(self, board: Board, window: Window) -> Standings | Subscription[Answer]:
        """The board; or, while it is being read, the place where it will be told."""
        kept = self._kept.setdefault((board, window), _Kept())
        if kept.readers is None:
            if kept.is_good(trio.current_time()) and kept.standings is not None:
                return kept.standings
            kept.readers = Publisher()
            kept.stale = False  # what changes from here on may be missed
            self.reads += 1
            self._read(board, window)
        return kept.readers.subscribe(capacity=1)

    def changed(self, board: Board) -> None:
        """Something happened that the board depends on."""
        for window in Window:
            if (kept := self._kept.get((board, window))) is not None:
                kept.stale = True

    def done(self, board: Board, window: Window, found: Answer, took: float) -> None:
        """The board was read, in ``took`` seconds; or why it could not be."""
        kept = self._kept[board, window]
        if isinstance(found, Standings):
            now = trio.current_time()
            kept.standings = found
            kept.good_until = now + max(MIN_PAUSE, BUSY_FACTOR * took)
            kept.old_at = now + MAX_AGE
        readers, kept.readers = kept.readers, None
        if readers is not None:
            readers.publish(found)
            readers.close()

    def close(self) -> None:
        """Leave nobody waiting."""
        for kept in self._kept.values():
            if kept.readers is not None:
                kept.readers.close()
