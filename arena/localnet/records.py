"""What the ledger holds: five kinds of records and their bytes.

An account of zero lamports does not exist on Solana; a change to None says that it ceased to.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from solders.account import Account
from solders.pubkey import Pubkey

from arena.localnet.errors import LedgerCorrupt

Changes = Mapping[Pubkey, Account | None]

_ACCOUNT = struct.Struct("<32sBQ32sBQI")  # key, exists, lamports, owner, executable, rent epoch, data length
_SLOTS = struct.Struct("<QQ")  # first, last
_PARTS = struct.Struct("<QII")  # slot, length of the metadata, length of the transaction


@dataclass(frozen=True, slots=True)
class Genesis:
    """Written once per data directory."""

    genesis_hash: str
    secret: bytes
    """blockhashes are derived from this and the slot: unguessable, yet the same after a restart"""
    faucet: bytes
    """the 64 bytes of the airdrop keypair"""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Ties a slot to the wall clock; written at every start."""

    slot: int
    unix_ms: int
    slot_ms: int


@dataclass(frozen=True, slots=True)
class Patch:
    """Accounts written by no transaction: the faucet at genesis, programs at the start, compaction."""

    slot: int
    changes: Changes


@dataclass(frozen=True, slots=True)
class Landed:
    """A transaction that was executed, with what it changed; `meta` is JSON (see `bank`)."""

    slot: int
    raw: bytes
    meta: bytes
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """The slots from `first` to `last` were abandoned in a fork: their blockhashes are void, what landed in
    them never did, and the accounts are again what they were before."""

    first: int
    last: int
    changes: Changes = field(default_factory=dict)


Record = Genesis | Anchor | Patch | Landed | Dropped


def encode(record: Record) -> bytes:
    """One kind byte and the body."""
    match record:
        case Genesis():
            body = {
                "hash": record.genesis_hash,
                "secret": record.secret.hex(),
                "faucet": record.faucet.hex(),
            }
            return b"G" + json.dumps(body).encode()
        case Anchor():
            return b"A" + struct.pack("<QQI", record.slot, record.unix_ms, record.slot_ms)
        case Patch():
            return b"P" + struct.pack("<Q", record.slot) + _encode_changes(record.changes)
        case Landed():
            head = _PARTS.pack(record.slot, len(record.meta), len(record.raw))
            return b"T" + head + record.meta + record.raw + _encode_changes(record.changes)
        case Dropped():
            return b"D" + _SLOTS.pack(record.first, record.last) + _encode_changes(record.changes)


def decode(payload: bytes) -> Record:
    """The inverse of `encode`.

    Raises:
        LedgerCorrupt: not something that `encode` wrote.
    """
    try:
        body = memoryview(payload)[1:]
        match payload[:1]:
            case b"G":
                fields = json.loads(bytes(body))
                return Genesis(
                    fields["hash"], bytes.fromhex(fields["secret"]), bytes.fromhex(fields["faucet"])
                )
            case b"A":
                return Anchor(*struct.unpack("<QQI", body))
            case b"P":
                return Patch(struct.unpack_from("<Q", body)[0], _decode_changes(body, 8))
            case b"T":
                slot, meta_length, raw_length = _PARTS.unpack_from(body)
                meta_end = _PARTS.size + meta_length
                end = meta_end + raw_length
                return Landed(
                    slot,
                    bytes(body[meta_end:end]),
                    bytes(body[_PARTS.size : meta_end]),
                    _decode_changes(body, end),
                )
            case b"D":
                first, last = _SLOTS.unpack_from(body)
                return Dropped(first, last, _decode_changes(body, _SLOTS.size))
            case kind:
                raise LedgerCorrupt(f"the ledger holds a record of unknown kind {kind!r}: a newer version's?")
    except (struct.error, ValueError, KeyError) as error:
        raise LedgerCorrupt(f"the ledger holds a record that cannot be read: {error}") from error


def _encode_changes(changes: Changes) -> bytes:
    parts: list[bytes] = []
    for key, account in changes.items():
        if account is None:
            parts.append(_ACCOUNT.pack(bytes(key), 0, 0, bytes(32), 0, 0, 0))
            continue
        data = account.data
        owner = bytes(account.owner)
        parts.append(
            _ACCOUNT.pack(
                bytes(key), 1, account.lamports, owner, account.executable, account.rent_epoch, len(data)
            )
        )
        parts.append(data)
    return b"".join(parts)


def _decode_changes(body: memoryview, offset: int) -> dict[Pubkey, Account | None]:
    changes: dict[Pubkey, Account | None] = {}
    while offset < len(body):
        key, exists, lamports, owner, executable, rent_epoch, length = _ACCOUNT.unpack_from(body, offset)
        offset += _ACCOUNT.size
        data = bytes(body[offset : offset + length])
        if len(data) != length:
            raise ValueError("an account is cut short")
        offset += length
        address = Pubkey.from_bytes(key)
        changes[address] = (
            Account(lamports, data, Pubkey.from_bytes(owner), bool(executable), rent_epoch)
            if exists
            else None
        )
    return changes
