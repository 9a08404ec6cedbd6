"""Blockhashes: random to everyone outside, derived from a secret and the slot inside, so that those handed
out before a restart are still good after it."""

import hmac
from collections import deque
from dataclasses import dataclass

from solders.hash import Hash

LIFETIME = 150
"""blocks in which a transaction may name a blockhash, after the block that made it"""


@dataclass(frozen=True, slots=True)
class Blockhash:
    hash: Hash
    slot: int

    @property
    def last_valid_block_height(self) -> int:
        return self.slot + LIFETIME


class BlockhashWindow:
    """The blockhashes that may be used at the current slot. A slot is a block: the block height equals the
    slot."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._slots: dict[Hash, int] = {}
        self._window: deque[Blockhash] = deque()
        self._dropped: list[range] = []

    def advance(self, slot: int) -> None:
        """Make `slot` the current one."""
        first = max(0, slot - LIFETIME)
        start = max(first, self._window[-1].slot + 1) if self._window else first
        for number in range(start, slot + 1):
            if any(number in dropped for dropped in self._dropped):
                continue
            blockhash = Blockhash(self._derive(number), number)
            self._window.append(blockhash)
            self._slots[blockhash.hash] = number
        while self._window[0].slot < first:
            del self._slots[self._window.popleft().hash]
        self._dropped = [dropped for dropped in self._dropped if dropped.stop > first]

    def drop(self, dropped: range) -> None:
        """The blockhashes of these slots are void for good; a later slot has to be begun after this."""
        self._dropped.append(dropped)
        while self._window and self._window[-1].slot >= dropped.start:
            del self._slots[self._window.pop().hash]

    @property
    def dropped(self) -> tuple[range, ...]:
        """The dropped slots whose blockhashes would be in the window."""
        return tuple(self._dropped)

    def latest(self, slot: int) -> Blockhash:
        """The blockhash as of a slot in the window: its own, or that of the last one that was not dropped."""
        return next((found for found in reversed(self._window) if found.slot <= slot), self._window[0])

    def recent(self, count: int) -> list[tuple[int, Hash]]:
        """The newest finished slots and their hashes, newest first."""
        newest = len(self._window) - 2
        return [
            (self._window[i].slot, self._window[i].hash) for i in range(newest, max(-1, newest - count), -1)
        ]

    def usable(self, blockhash: Hash, slot: int) -> bool:
        """Whether a transaction naming it could be in the block of `slot` (the current one or a recent
        one)."""
        made = self._slots.get(blockhash)
        return made is not None and made <= slot <= made + LIFETIME

    def _derive(self, slot: int) -> Hash:
        return Hash.from_bytes(hmac.digest(self._secret, b"blockhash%d" % slot, "sha256"))
