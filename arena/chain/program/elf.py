"""Reads a relocatable BPF object, and names the parts of the ELF format that the linker needs.

Format: the ELF-64 specification (`Elf64_Ehdr`, `Elf64_Shdr`, `Elf64_Sym`, `Elf64_Rel`), little-endian
throughout; relocation types from LLVM's BPF back end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from struct import Struct, error

MAGIC = b"\x7fELF\x02\x01\x01"  # 64 bits, little-endian, version 1
MACHINE_BPF = 247
UNDEFINED_SECTION = 0

FILE_HEADER = Struct("<16sHHIQQQIHHHHHH")
SECTION_HEADER = Struct("<IIQQQQIIQQ")
PROGRAM_HEADER = Struct("<IIQQQQQQ")
SYMBOL = Struct("<IBBHQQ")
RELOCATION = Struct("<QQ")


class FileType(IntEnum):
    """`e_type`."""

    RELOCATABLE = 1
    SHARED = 3


class SectionType(IntEnum):
    """`sh_type`."""

    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    DYNAMIC = 6
    NOBITS = 8
    REL = 9
    DYNSYM = 11


class SectionFlag(IntFlag):
    """`sh_flags`."""

    WRITE = 1
    ALLOC = 2
    EXEC = 4


class RelocationType(IntEnum):
    """`r_info`, low half: LLVM's names."""

    R_BPF_64_64 = 1
    R_BPF_64_ABS64 = 2
    R_BPF_64_RELATIVE = 8
    R_BPF_64_32 = 10


class LinkError(Exception):
    """The object cannot become a program: it is malformed, or needs what the chain does not offer."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of an object."""

    index: int
    name: str
    kind: int
    flags: int
    link: int
    info: int
    alignment: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol: where it is defined, and at which offset in there."""

    name: str
    section: int
    value: int


@dataclass(frozen=True, slots=True)
class Relocation:
    """One place that needs a symbol's address: in which section, at which offset."""

    section: int
    offset: int
    kind: int
    symbol: Symbol


class Object:
    """A relocatable object, read whole. Raises LinkError if it is anything else."""

    def __init__(self, content: bytes) -> None:
        """Read headers, sections and symbols."""
        try:
            self._read(content)
        except (error, IndexError, ValueError) as cause:
            raise LinkError(f"the object is malformed: {cause}") from cause

    def _read(self, content: bytes) -> None:
        if not content.startswith(MAGIC):
            raise LinkError("not a little-endian ELF-64 file")
        header = FILE_HEADER.unpack_from(content)
        if header[1:3] != (FileType.RELOCATABLE, MACHINE_BPF):
            raise LinkError("not a relocatable BPF object")
        table, count, names_index = header[6], header[12], header[13]
        rows = [
            SECTION_HEADER.unpack_from(content, table + place * SECTION_HEADER.size) for place in range(count)
        ]
        contents = [
            b"" if kind == SectionType.NOBITS else content[offset : offset + size]
            for _, kind, _, _, offset, size, *_ in rows
        ]
        names = contents[names_index]
        self.sections = [
            Section(place, _text(names, row[0]), row[1], row[2], row[6], row[7], row[8], contents[place])
            for place, row in enumerate(rows)
        ]
        symbols = next((s for s in self.sections if s.kind == SectionType.SYMTAB), None)
        if symbols is None:
            raise LinkError("the object has no symbols")
        strings = contents[symbols.link]
        self.symbols = [
            Symbol(_text(strings, name), section, value)
            for name, _, _, section, value, _ in SYMBOL.iter_unpack(symbols.content)
        ]

    def relocations(self, sections: set[int]) -> Iterator[Relocation]:
        """The relocations of these sections, as the compiler ordered them."""
        for section in self.sections:
            if section.info not in sections:
                continue
            if section.kind == SectionType.RELA:
                raise LinkError(f"{section.name}: relocations with addends are not BPF's")
            if section.kind == SectionType.REL:
                for offset, info in RELOCATION.iter_unpack(section.content):
                    yield Relocation(section.info, offset, info & 0xFFFFFFFF, self.symbols[info >> 32])


def _text(strings: bytes, offset: int) -> str:
    return strings[offset : strings.index(b"\0", offset)].decode()
