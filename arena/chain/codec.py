"""Instructions, events and accounts as bytes, by the description from which the program itself is made.

Every field has a fixed size and nothing is between them, so each is one `struct`. anchorpy's coder, which does the same
by the IDL, takes many times as long, and these are on the way of every message. Tests hold the two together.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from solders.pubkey import Pubkey

from arena.chain.program.interface import ACCOUNT_NAME, BOT, EVENTS, INSTRUCTIONS, Field, discriminator

_CODES: Final = {
    "bool": "?",
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "u64": "Q",
    "i64": "q",
    "publicKey": "32s",
}


class Packed:
    """A discriminator and fields of fixed size."""

    def __init__(self, discriminator: bytes, members: Sequence[Field]) -> None:
        self._discriminator = discriminator
        self._names = tuple(member.name for member in members)
        self._sizes = {member.name: member.size for member in members if isinstance(member.type, int)}
        self._keys = frozenset(member.name for member in members if member.type == "publicKey")
        self._struct = struct.Struct("<8s" + "".join(map(_code, members)))

    def matches(self, data: bytes) -> bool:
        """Whether these are the bytes of such a thing."""
        return len(data) == self.size and data.startswith(self._discriminator)

    @property
    def size(self) -> int:
        """Bytes, with the discriminator."""
        return self._struct.size

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """All fields by their names. Raises ValueError if one does not fit."""
        for name, size in self._sizes.items():
            if len(values[name]) != size:
                raise ValueError(f"{name} has {size} bytes, not {len(values[name])}")
        packed = (bytes(values[name]) if name in self._keys else values[name] for name in self._names)
        try:
            return self._struct.pack(self._discriminator, *packed)
        except struct.error as error:
            given = {name: values[name] for name in self._names if name not in self._sizes}
            raise ValueError(f"{given}: {error}") from error

    def decode(self, data: bytes) -> dict[str, Any]:
        """The fields of exactly `size` bytes, keys as such."""
        _, *values = self._struct.unpack(data)
        fields = dict(zip(self._names, values, strict=True))
        for name in self._keys:
            fields[name] = Pubkey(fields[name])
        return fields


def _code(member: Field) -> str:
    return f"{member.type}s" if isinstance(member.type, int) else _CODES[member.type]


INSTRUCTION: Final = {
    instruction.name: Packed(instruction.discriminator, instruction.arguments) for instruction in INSTRUCTIONS
}
"""By the instruction's name."""
EVENT: Final = {
    event.discriminator: (event.name, Packed(event.discriminator, event.fields)) for event in EVENTS
}
"""Name and form, by the discriminator."""

ACCOUNT: Final = Packed(discriminator("account", ACCOUNT_NAME), BOT)
"""A bot's."""
