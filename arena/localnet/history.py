"""Landed transactions: by signature, by address, and those not final yet."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from arena.localnet.records import Landed
from arena.localnet.transactions import Json
from arena.localnet.vm import Execution

STATUS_CACHE_SLOTS = 300
"""statuses are found this long without searching the history; so long a signature is never forgotten"""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A landed transaction; the bulky part stays encoded until somebody asks for it."""

    signature: Signature
    order: int
    slot: int
    block_time: int
    error: Json
    memo: str | None
    keys: tuple[Pubkey, ...]
    raw: bytes
    meta: bytes

    def transaction(self) -> VersionedTransaction:
        return VersionedTransaction.from_bytes(self.raw)

    def details(self) -> dict[str, Json]:
        """fee, units, logs, inner, returned, pre, post, loaded: as `encode_meta` wrote them."""
        details: dict[str, Json] = json.loads(self.meta)
        return details


def encode_meta(execution: Execution, block_time: int, memo: str | None) -> bytes:
    """What the ledger keeps of an execution beside the transaction and the accounts."""
    keys = execution.keys
    return json.dumps(
        {
            "time": block_time,
            "error": execution.error,
            "memo": memo,
            "fee": execution.fee,
            "units": execution.units,
            "logs": list(execution.logs),
            "inner": execution.inner,
            "returned": execution.return_data,
            "pre": list(execution.pre),
            "post": list(execution.post),
            "loaded": [[str(k) for k in keys.loaded_writable], [str(k) for k in keys.loaded_readonly]],
        },
        separators=(",", ":"),
    ).encode()


class History:
    """Bounded to `limit` transactions; the oldest finalized ones go first, and their signatures with them: by
    then their blockhash is too old for a replay."""

    def __init__(self, limit: int) -> None:
        self.total = 0
        """transactions landed since genesis, as far as the ledger still knows"""
        self._limit = limit
        self._order = count()
        self._entries: deque[Entry] = deque()
        self._by_signature: dict[Signature, Entry] = {}
        self._by_address: defaultdict[Pubkey, deque[Entry]] = defaultdict(deque)

    def add(self, landed: Landed) -> Entry:
        meta = json.loads(landed.meta)
        transaction = VersionedTransaction.from_bytes(landed.raw)
        writable, readonly = meta["loaded"]
        keys = (*transaction.message.account_keys, *map(Pubkey.from_string, writable + readonly))
        entry = Entry(
            transaction.signatures[0],
            next(self._order),
            landed.slot,
            meta["time"],
            meta["error"],
            meta["memo"],
            keys,
            landed.raw,
            landed.meta,
        )
        self._entries.append(entry)
        self._by_signature[entry.signature] = entry
        for key in set(keys):
            self._by_address[key].append(entry)
        self.total += 1
        return entry

    def get(self, signature: Signature) -> Entry | None:
        return self._by_signature.get(signature)

    def of_address(self, address: Pubkey) -> Iterator[Entry]:
        """Newest first."""
        return reversed(self._by_address.get(address, deque()))

    def landed_between(self, after: int, until: int) -> list[Entry]:
        """Those of the slots (after, until], oldest first; cheap for recent slots."""
        found: list[Entry] = []
        for entry in reversed(self._entries):
            if entry.slot <= after:
                break
            if entry.slot <= until:
                found.append(entry)
        return found[::-1]

    def drop(self, first: int) -> list[Entry]:
        """Forget the transactions of `first` and later slots, as if they had never landed; newest first."""
        dropped: list[Entry] = []
        while self._entries and self._entries[-1].slot >= first:
            entry = self._entries.pop()
            del self._by_signature[entry.signature]
            for key in set(entry.keys):
                entries = self._by_address[key]
                entries.pop()  # the newest of all is the newest of each of its addresses
                if not entries:
                    del self._by_address[key]
            self.total -= 1
            dropped.append(entry)
        return dropped

    def trim(self, slot: int) -> None:
        """Drop the oldest beyond the limit, but none that is recent at `slot`."""
        while len(self._entries) > self._limit and self._entries[0].slot < slot - STATUS_CACHE_SLOTS:
            entry = self._entries.popleft()
            del self._by_signature[entry.signature]
            for key in set(entry.keys):
                entries = self._by_address[key]
                entries.popleft()  # the oldest of all is the oldest of each of its addresses
                if not entries:
                    del self._by_address[key]

    def snapshot(self) -> list[Landed]:
        """The records that bring this history back, without the accounts."""
        return [Landed(entry.slot, entry.raw, entry.meta) for entry in self._entries]
