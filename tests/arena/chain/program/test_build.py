"""The committed program is what the source gives, on any machine."""

import shutil
from hashlib import sha256
from importlib.util import find_spec
from struct import pack

import pytest

from arena.chain.artifacts import checksums, program_elf
from arena.chain.program import build as building
from arena.chain.program.elf import LinkError, Object
from arena.chain.program.link import link

needs_compiler = pytest.mark.skipif(
    find_spec("ziglang") is None, reason="the compiler is not installed (make program-check installs it)"
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The object as the compiler gives it, before linking."""
    captured = []
    original = building.link
    building.link = lambda content: captured.append(content) or original(content)
    try:
        building.build()
    finally:
        building.link = original
    return captured[0]


@needs_compiler
def test_a_rebuild_gives_the_same_bytes():
    assert building.differences(building.build()) == []
    assert building.main(["--check"]) == 0


@needs_compiler
def test_check_finds_a_single_changed_byte(tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(building.FOLDER, tmp_path / "program")
    elf = bytearray((folder / building.ELF).read_bytes())
    elf[5_000] ^= 1
    (folder / building.ELF).write_bytes(elf)
    (folder / building.CHECKSUMS).unlink()
    assert building.differences(building.build(), folder) == [building.ELF, building.CHECKSUMS]
    monkeypatch.setattr(building, "differences", lambda built: [building.ELF])
    assert building.main(["--check"]) == 1
    assert building.ELF in capsys.readouterr().err


@needs_compiler
def test_a_mistake_in_the_source_is_reported(tmp_path):
    folder = shutil.copytree(building.FOLDER, tmp_path / "program")
    (folder / "rotate_keys.c").write_text("int broken( {")
    with pytest.raises(building.BuildError, match=r"rotate_keys\.c"):
        building.build(folder)


@needs_compiler
def test_the_folder_of_the_build_leaves_no_trace(tmp_path):
    folder = shutil.copytree(building.FOLDER, tmp_path / "elsewhere")
    built = building.build(folder)
    assert built[building.ELF] == program_elf()
    for trace in (b"/tmp", b"/work", b"/home", str(tmp_path).encode(), b"zig", b"clang"):
        assert trace not in built[building.ELF]


def test_the_checksums_are_those_of_the_files():
    for name, digest in checksums().items():
        assert sha256((building.FOLDER / name).read_bytes()).hexdigest() == digest
    assert set(checksums()) == {building.ELF, building.IDL}


# ---- the linker refuses what could not run ----


@needs_compiler
def test_linking_depends_on_the_object_alone(compiled):
    assert link(compiled) == link(bytes(compiled)) == program_elf()


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"MZ" * 100, b"\x7fELF\x02\x01\x01" + bytes(200)])
def test_what_is_no_object_is_refused(content):
    with pytest.raises(LinkError):
        link(content)


def test_a_linked_program_is_no_object():
    with pytest.raises(LinkError, match="not a relocatable BPF object"):
        link(program_elf())


@needs_compiler
def test_an_object_cut_short_is_refused(compiled):
    for length in range(0, len(compiled) - 1, 997):
        with pytest.raises(LinkError):
            link(compiled[:length])


@needs_compiler
def test_an_opcode_that_sbpf_v0_has_not_is_refused(compiled):
    exit_ = pack("<Q", 0x95)
    at = compiled.index(exit_)
    with pytest.raises(LinkError, match="no opcode 0x4"):
        link(compiled[:at] + pack("<Q", 0x04) + compiled[at + 8 :])


@needs_compiler
def test_a_program_without_an_entry_is_refused(compiled):
    with pytest.raises(LinkError, match="entrypoint"):
        link(compiled.replace(b"entrypoint", b"entrypoinT"))


@needs_compiler
def test_writable_data_is_refused(compiled):
    source = Object(compiled)
    names = next(section for section in source.sections if section.name == ".strtab").content
    assert b".rodata.str1.1" in names
    changed = bytearray(compiled)
    header_table = int.from_bytes(compiled[40:48], "little")
    place = next(section.index for section in source.sections if section.name == ".rodata")
    changed[header_table + 64 * place + 8] |= 1  # SHF_WRITE
    with pytest.raises(LinkError, match="no writable data"):
        link(bytes(changed))
