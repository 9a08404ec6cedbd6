"""Links one BPF object into a program that every Solana cluster's loader accepts (SBPFv0).

Solana's own tool chain is a fork of LLVM and Rust of two gigabytes. For a program without an allocator and
without libraries a stock clang does, given a linker that knows what the loader wants:

- a shared object whose addresses are its file offsets: `.text`, `.rodata`, then the dynamic tables;
- a syscall is `call -1` with an `R_BPF_64_32` relocation to an undefined symbol of its name;
- a call within the program is relative to the instruction, and its source register says 1;
- an address in `.text` is a two-slot load, with an `R_BPF_64_RELATIVE` relocation: the loader adds where it
  put the program (0x1_0000_0000). In `.rodata` the same relocation reads the address from the *upper* half of
  the eight bytes;
- no writable data, no opcode that SBPFv0 does not have.

The output depends on the input's bytes alone.
"""

from struct import Struct

from arena.chain.program.elf import (
    FILE_HEADER,
    MACHINE_BPF,
    MAGIC,
    PROGRAM_HEADER,
    RELOCATION,
    SECTION_HEADER,
    SYMBOL,
    UNDEFINED_SECTION,
    FileType,
    LinkError,
    Object,
    Relocation,
    RelocationType,
    Section,
    SectionFlag,
    SectionType,
    Symbol,
)

ENTRY = "entrypoint"
INSTRUCTION_SIZE = 8
PROGRAM_HEADERS = 3
PAGE = 0x1000

LOAD_64 = 0x18  # takes two slots
CALL = 0x85
CALL_REGISTER = 0x8D
EXIT = 0x95
SYSCALL = -1
PSEUDO_CALL = 0x10  # source register 1

_ALU_64 = {op << 4 | source for op in range(0xD) for source in (0x07, 0x0F)} - {0x8F}
_BYTE_SWAPS = {0xD4, 0xDC}
_MEMORY = {0x61, 0x69, 0x71, 0x79, 0x62, 0x6A, 0x72, 0x7A, 0x63, 0x6B, 0x73, 0x7B}
_JUMPS = {op << 4 | source for op in (*range(1, 8), 0xA, 0xB, 0xC, 0xD) for source in (0x05, 0x0D)} | {0x05}
OPCODES = {LOAD_64, CALL, CALL_REGISTER, EXIT} | _ALU_64 | _BYTE_SWAPS | _MEMORY | _JUMPS

U32 = Struct("<I")
I32 = Struct("<i")
U64 = Struct("<Q")
PAIR_32 = Struct("<II")
PAIR_64 = Struct("<QQ")


class DynamicTag:
    """Tags of the dynamic table (`d_tag`)."""

    NULL, STRTAB, SYMTAB, STRSZ, SYMENT = 0, 5, 6, 10, 11
    REL, RELSZ, RELENT, TEXTREL, FLAGS = 17, 18, 19, 22, 30
    RELCOUNT = 0x6FFFFFFA
    FLAG_TEXTREL = 4


def link(content: bytes) -> bytes:
    """Turn a relocatable BPF object into an SBPFv0 shared object. Raises LinkError."""
    return _Linker(Object(content)).link()


def _align(number: int, to: int) -> int:
    return -(-number // to) * to


class _Linker:
    """One run: places the sections, applies the relocations, writes the file."""

    def __init__(self, source: Object) -> None:
        self._source = source
        code, constants = _choose_sections(source)
        self._code = code
        self._text = bytearray(code.content)
        if len(self._text) % INSTRUCTION_SIZE:
            raise LinkError("the code is not a whole number of instructions")
        self._text_at = _align(FILE_HEADER.size + PROGRAM_HEADERS * PROGRAM_HEADER.size, 16)
        self._constants = bytearray()
        self._constants_at = _align(self._text_at + len(self._text), 16)
        self._places = {code.index: self._text_at}
        for section in constants:
            self._constants += bytes(-len(self._constants) % max(1, section.alignment))
            self._places[section.index] = self._constants_at + len(self._constants)
            self._constants += section.content
        self._syscalls: list[str] = []
        self._dynamic_relocations: list[
            tuple[int, str | None]
        ] = []  # where; which syscall, or None: relative

    def link(self) -> bytes:
        for relocation in self._source.relocations(set(self._places)):
            if relocation.section == self._code.index:
                self._relocate_code(relocation)
            else:
                self._relocate_constant(relocation)
        self._check_code()
        return self._write()

    def _address(self, symbol: Symbol) -> int:
        if symbol.section not in self._places:
            raise LinkError(f"symbol {symbol.name!r} lies in a section that is not part of a program")
        return self._places[symbol.section] + symbol.value

    def _relocate_code(self, relocation: Relocation) -> None:
        text, at, symbol = self._text, relocation.offset, relocation.symbol
        match relocation.kind, text[at]:
            case RelocationType.R_BPF_64_64, opcode if opcode == LOAD_64:
                low, high = U32.unpack_from(text, at + 4)[0], U32.unpack_from(text, at + 12)[0]
                text[at + 1] &= 0x0F
                U32.pack_into(text, at + 4, self._address(symbol) + (high << 32 | low))
                U32.pack_into(text, at + 12, 0)
                self._dynamic_relocations.append((self._text_at + at, None))
            case RelocationType.R_BPF_64_32, opcode if opcode == CALL:
                text[at + 1] = PSEUDO_CALL
                if symbol.section == UNDEFINED_SECTION:
                    I32.pack_into(text, at + 4, SYSCALL)
                    if symbol.name not in self._syscalls:
                        self._syscalls.append(symbol.name)
                    self._dynamic_relocations.append((self._text_at + at, symbol.name))
                else:
                    slots = I32.unpack_from(text, at + 4)[0] + 1
                    target = self._address(symbol) + slots * INSTRUCTION_SIZE - self._text_at
                    I32.pack_into(text, at + 4, (target - at) // INSTRUCTION_SIZE - 1)
            case kind, opcode:
                raise LinkError(f"relocation {kind} on opcode {opcode:#x} at {at:#x}")

    def _relocate_constant(self, relocation: Relocation) -> None:
        if relocation.kind != RelocationType.R_BPF_64_ABS64:
            raise LinkError(f"relocation {relocation.kind} in constants")
        at = self._places[relocation.section] + relocation.offset
        offset = at - self._constants_at
        address = self._address(relocation.symbol) + U64.unpack_from(self._constants, offset)[0]
        PAIR_32.pack_into(self._constants, offset, 0, address)
        self._dynamic_relocations.append((at, None))

    def _check_code(self) -> None:
        text, at = self._text, 0
        while at < len(text):
            opcode = text[at]
            if opcode not in OPCODES:
                raise LinkError(f"SBPFv0 has no opcode {opcode:#x} (at {at:#x})")
            if opcode == CALL and text[at + 1] != PSEUDO_CALL:
                raise LinkError(f"a call that names nothing (at {at:#x})")
            if opcode == CALL_REGISTER:  # clang names the register as destination, SBPFv0 in the immediate
                I32.pack_into(text, at + 4, text[at + 1] & 0x0F)
                text[at + 1] = 0
            at += 2 * INSTRUCTION_SIZE if opcode == LOAD_64 else INSTRUCTION_SIZE

    def _entry(self) -> int:
        for symbol in self._source.symbols:
            if symbol.name == ENTRY and symbol.section == self._code.index:
                return self._address(symbol)
        raise LinkError(f"no function {ENTRY!r}")

    def _write(self) -> bytes:
        entry = self._entry()
        names, name_at = _strings([ENTRY, *self._syscalls])
        symbols = bytes(SYMBOL.size) + SYMBOL.pack(name_at[ENTRY], 0x12, 0, 1, entry, 0)
        for syscall in self._syscalls:
            symbols += SYMBOL.pack(name_at[syscall], 0x10, 0, 0, 0, 0)
        relocations = b"".join(
            RELOCATION.pack(at, RelocationType.R_BPF_64_RELATIVE)
            if syscall is None
            else RELOCATION.pack(at, self._syscalls.index(syscall) + 2 << 32 | RelocationType.R_BPF_64_32)
            for at, syscall in sorted(self._dynamic_relocations, key=lambda pair: pair[0])
        )
        relative = sum(syscall is None for _, syscall in self._dynamic_relocations)

        read_only_end = self._constants_at + len(self._constants)
        dynamic_at = _align(read_only_end, 8)
        dynamic_size = PAIR_64.size * (6 + (5 if relocations else 0))
        symbols_at = dynamic_at + dynamic_size
        names_at = symbols_at + len(symbols)
        relocations_at = _align(names_at + len(names), 8)
        loaded_end = relocations_at + len(relocations)
        tag = DynamicTag
        entries = [(tag.FLAGS, tag.FLAG_TEXTREL)]
        if relocations:
            entries += [
                (tag.REL, relocations_at),
                (tag.RELSZ, len(relocations)),
                (tag.RELENT, RELOCATION.size),
                (tag.TEXTREL, 0),
                (tag.RELCOUNT, relative),
            ]
        entries += [
            (tag.SYMTAB, symbols_at),
            (tag.SYMENT, SYMBOL.size),
            (tag.STRTAB, names_at),
            (tag.STRSZ, len(names)),
            (tag.NULL, 0),
        ]
        dynamic = b"".join(PAIR_64.pack(*entry_) for entry_ in entries)

        # name, kind, flags, address, content, link, info, alignment, entry size; the links are places in this
        # list
        alloc, rest = SectionFlag.ALLOC, SectionFlag
        sections: list[tuple[str, int, int, int, bytes, int, int, int, int]] = [
            (".text", SectionType.PROGBITS, alloc | rest.EXEC, self._text_at, bytes(self._text), 0, 0, 8, 0),
            (".rodata", SectionType.PROGBITS, alloc, self._constants_at, bytes(self._constants), 0, 0, 16, 0),
            (".dynamic", SectionType.DYNAMIC, alloc | rest.WRITE, dynamic_at, dynamic, 5, 0, 8, PAIR_64.size),
            (".dynsym", SectionType.DYNSYM, alloc, symbols_at, symbols, 5, 1, 8, SYMBOL.size),
            (".dynstr", SectionType.STRTAB, alloc, names_at, names, 0, 0, 1, 0),
            (".rel.dyn", SectionType.REL, alloc, relocations_at, relocations, 4, 0, 8, RELOCATION.size),
        ]
        section_names, section_name_at = _strings([*(section[0] for section in sections), ".shstrtab"])
        sections.append((".shstrtab", SectionType.STRTAB, 0, loaded_end, section_names, 0, 0, 1, 0))

        headers_at = _align(loaded_end + len(section_names), 8)
        output = bytearray(headers_at + SECTION_HEADER.size * (len(sections) + 1))
        FILE_HEADER.pack_into(
            output,
            0,
            MAGIC + bytes(9),
            FileType.SHARED,
            MACHINE_BPF,
            1,
            entry,
            FILE_HEADER.size,
            headers_at,
            0,
            FILE_HEADER.size,
            PROGRAM_HEADER.size,
            PROGRAM_HEADERS,
            SECTION_HEADER.size,
            len(sections) + 1,
            len(sections),
        )
        text_at, loaded, read_execute, read, read_write, dynamic_kind = self._text_at, 1, 5, 4, 6, 2
        for place, (kind, flags, at, size, alignment) in enumerate(
            (
                (loaded, read_execute, text_at, read_only_end - text_at, PAGE),
                (loaded, read, dynamic_at, loaded_end - dynamic_at, PAGE),
                (dynamic_kind, read_write, dynamic_at, len(dynamic), 8),
            )
        ):
            PROGRAM_HEADER.pack_into(
                output,
                FILE_HEADER.size + place * PROGRAM_HEADER.size,
                *(kind, flags, at, at, at, size, size, alignment),
            )
        for place, (name, kind, flags, at, content, linked, info, alignment, entry_size) in enumerate(
            sections, 1
        ):
            output[at : at + len(content)] = content
            address = at if flags & SectionFlag.ALLOC else 0
            SECTION_HEADER.pack_into(
                output,
                headers_at + place * SECTION_HEADER.size,
                *(section_name_at[name], kind, flags, address, at, len(content)),
                *(linked, info, alignment, entry_size),
            )
        return bytes(output)


def _choose_sections(source: Object) -> tuple[Section, list[Section]]:
    """The code, and the constants it uses; everything else in an object is for debuggers and unwinders."""
    code: list[Section] = []
    constants: list[Section] = []
    for section in source.sections:
        if not section.flags & SectionFlag.ALLOC or section.name.startswith(".eh_frame"):
            continue
        if section.kind == SectionType.NOBITS or section.flags & SectionFlag.WRITE:
            if section.name.startswith(".data.rel.ro"):
                constants.append(section)
            elif section.content or section.kind == SectionType.NOBITS:
                raise LinkError(f"a program has no writable data: {section.name}")
        elif section.flags & SectionFlag.EXEC:
            if section.content:
                code.append(section)
        elif section.name.startswith(".rodata"):
            constants.append(section)
        else:
            raise LinkError(f"unknown section {section.name}")
    if len(code) != 1:
        raise LinkError(f"a program has one section of code, not {len(code)}")
    return code[0], constants


def _strings(names: list[str]) -> tuple[bytes, dict[str, int]]:
    table, places = bytearray(1), {}
    for name in names:
        places[name] = len(table)
        table += name.encode() + b"\0"
    return bytes(table), places
