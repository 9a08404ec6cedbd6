"""The upgradeable loader: its instructions and its accounts, byte for byte.

bincode, as in `solana-loader-v3-interface`: a variant is a u32, numbers are little-endian, an optional key is a byte
and, if that is 1, 32 more. Nothing here asks a node.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.sysvar import CLOCK, RENT

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")

BUFFER_HEADER = 37
"""Bytes of a buffer account before the program's."""
PROGRAM_SIZE = 36
"""Bytes of the account that has the program's address."""
PROGRAM_DATA_HEADER = 45
"""Bytes of the account that holds the program's code, before the code."""
MIN_EXTENSION = 10_240
"""Bytes that the code account grows by at least, when it grows (SIMD-0431)."""

_BUFFER, _PROGRAM, _PROGRAM_DATA = 1, 2, 3


class NotALoaderAccount(Exception):
    """The bytes are not those of the expected account of the loader."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """Where a program's bytes are collected until it is deployed.

    Attributes:
        authority: who may write; None: nobody any more.
    """

    authority: Pubkey | None
    content: bytes


@dataclass(frozen=True, slots=True)
class ProgramData:
    """A program's code.

    Attributes:
        slot: of the last deployment.
        authority: who may replace it; None: nobody, ever.
        content: the code, followed by zeros up to the account's size.
    """

    slot: int
    authority: Pubkey | None
    content: bytes

    def is_program(self, elf: bytes) -> bool:
        """Whether the code is `elf` and nothing else."""
        return self.content.startswith(elf) and not any(self.content[len(elf) :])


def program_data_address(program: Pubkey) -> Pubkey:
    """Where the loader keeps a program's code."""
    return Pubkey.find_program_address([bytes(program)], LOADER)[0]


def decode_buffer(data: bytes) -> Buffer:
    """Raises NotALoaderAccount."""
    _expect(data, _BUFFER, BUFFER_HEADER)
    return Buffer(_optional_key(data, 4), data[BUFFER_HEADER:])


def decode_program(data: bytes) -> Pubkey:
    """The address of the code of a program. Raises NotALoaderAccount."""
    _expect(data, _PROGRAM, PROGRAM_SIZE)
    return Pubkey.from_bytes(data[4:PROGRAM_SIZE])


def decode_program_data(data: bytes) -> ProgramData:
    """Raises NotALoaderAccount."""
    _expect(data, _PROGRAM_DATA, PROGRAM_DATA_HEADER)
    (slot,) = struct.unpack_from("<Q", data, 4)
    return ProgramData(slot, _optional_key(data, 12), data[PROGRAM_DATA_HEADER:])


def initialize_buffer(buffer: Pubkey, authority: Pubkey) -> Instruction:
    """Belongs into the transaction that makes the account: until it has run, anyone may run it."""
    return Instruction(LOADER, struct.pack("<I", 0), [_writable(buffer), _readonly(authority)])


def write(buffer: Pubkey, authority: Pubkey, offset: int, chunk: bytes) -> Instruction:
    """Put `chunk` into the buffer, `offset` bytes after its header."""
    data = struct.pack("<IIQ", 1, offset, len(chunk)) + chunk
    return Instruction(LOADER, data, [_writable(buffer), _signer(authority)])


def deploy_with_max_data_len(
    payer: Pubkey, program: Pubkey, buffer: Pubkey, authority: Pubkey, size: int
) -> Instruction:
    """Make a program of a buffer, with room for `size` bytes of code. The buffer's lamports go to the payer.

    Belongs into the transaction that makes the program's account, as `initialize_buffer` does.
    """
    accounts = [
        AccountMeta(payer, is_signer=True, is_writable=True),
        _writable(program_data_address(program)),
        _writable(program),
        _writable(buffer),
        _readonly(RENT),
        _readonly(CLOCK),
        _readonly(SYSTEM_PROGRAM),
        _signer(authority),
    ]
    return Instruction(LOADER, struct.pack("<IQ", 2, size), accounts)


def upgrade(program: Pubkey, buffer: Pubkey, authority: Pubkey, spill: Pubkey) -> Instruction:
    """Replace a program's code by the buffer's. The lamports that it sets free go to `spill`."""
    accounts = [
        _writable(program_data_address(program)),
        _writable(program),
        _writable(buffer),
        _writable(spill),
        _readonly(RENT),
        _readonly(CLOCK),
        _signer(authority),
    ]
    return Instruction(LOADER, struct.pack("<I", 3), accounts)


def set_authority(account: Pubkey, authority: Pubkey, new: Pubkey | None) -> Instruction:
    """Hand a buffer or a code account to `new`; with None a program can never be changed again."""
    accounts = [_writable(account), _signer(authority)]
    if new is not None:
        accounts.append(_readonly(new))
    return Instruction(LOADER, struct.pack("<I", 4), accounts)


def close(account: Pubkey, recipient: Pubkey, authority: Pubkey) -> Instruction:
    """End a buffer; its lamports go to `recipient`."""
    return Instruction(
        LOADER, struct.pack("<I", 5), [_writable(account), _writable(recipient), _signer(authority)]
    )


def extend_program(program: Pubkey, payer: Pubkey, more: int) -> Instruction:
    """Let the code account grow by `more` bytes, at least `MIN_EXTENSION`."""
    accounts = [
        _writable(program_data_address(program)),
        _writable(program),
        _readonly(SYSTEM_PROGRAM),
        AccountMeta(payer, is_signer=True, is_writable=True),
    ]
    return Instruction(LOADER, struct.pack("<II", 6, more), accounts)


def extend_program_checked(program: Pubkey, authority: Pubkey, payer: Pubkey, more: int) -> Instruction:
    """The same, for clusters where only the upgrade authority may do it (SIMD-0164)."""
    accounts = [
        _writable(program_data_address(program)),
        _writable(program),
        _signer(authority),
        _readonly(SYSTEM_PROGRAM),
        AccountMeta(payer, is_signer=True, is_writable=True),
    ]
    return Instruction(LOADER, struct.pack("<II", 9, more), accounts)


def _expect(data: bytes, variant: int, size: int) -> None:
    if len(data) < size or struct.unpack_from("<I", data)[0] != variant:
        raise NotALoaderAccount(f"{len(data)} bytes that begin with {data[:4].hex() or 'nothing'}")


def _optional_key(data: bytes, offset: int) -> Pubkey | None:
    match data[offset]:
        case 0:
            return None
        case 1:
            return Pubkey.from_bytes(data[offset + 1 : offset + 33])
        case other:
            raise NotALoaderAccount(f"an optional key that begins with {other}")


def _writable(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=True)


def _readonly(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=False, is_writable=False)


def _signer(key: Pubkey) -> AccountMeta:
    return AccountMeta(key, is_signer=True, is_writable=False)
