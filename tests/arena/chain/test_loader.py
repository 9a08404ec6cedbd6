"""The upgradeable loader's instructions and accounts, byte for byte."""

from __future__ import annotations

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from arena.chain import loader

A, B, C, D = (Pubkey(bytes([number]) * 32) for number in range(1, 5))
CODE_OF_A = loader.program_data_address(A)
RENT = Pubkey.from_string("SysvarRent111111111111111111111111111111111")
CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
SYSTEM = Pubkey.default()


def accounts(*named: tuple[Pubkey, str]) -> list[AccountMeta]:
    """`s` signs, `w` is written."""
    return [AccountMeta(key, "s" in what, "w" in what) for key, what in named]


@pytest.mark.parametrize(
    ("instruction", "data", "named"),
    [
        pytest.param(
            loader.initialize_buffer(A, B), "00000000", accounts((A, "w"), (B, "")), id="initialize buffer"
        ),
        pytest.param(
            loader.write(A, B, 0x01020304, b"\xaa\xbb"),
            "01000000040302010200000000000000aabb",
            accounts((A, "w"), (B, "s")),
            id="write",
        ),
        pytest.param(
            loader.deploy_with_max_data_len(B, A, C, D, 0x4E20),
            "02000000204e000000000000",
            accounts(
                (B, "sw"),
                (CODE_OF_A, "w"),
                (A, "w"),
                (C, "w"),
                (RENT, ""),
                (CLOCK, ""),
                (SYSTEM, ""),
                (D, "s"),
            ),
            id="deploy",
        ),
        pytest.param(
            loader.upgrade(A, B, C, D),
            "03000000",
            accounts((CODE_OF_A, "w"), (A, "w"), (B, "w"), (D, "w"), (RENT, ""), (CLOCK, ""), (C, "s")),
            id="upgrade",
        ),
        pytest.param(
            loader.set_authority(A, B, C), "04000000", accounts((A, "w"), (B, "s"), (C, "")), id="hand over"
        ),
        pytest.param(
            loader.set_authority(A, B, None), "04000000", accounts((A, "w"), (B, "s")), id="give up"
        ),
        pytest.param(loader.close(A, B, C), "05000000", accounts((A, "w"), (B, "w"), (C, "s")), id="close"),
        pytest.param(
            loader.extend_program(A, B, 10_240),
            "0600000000280000",
            accounts((CODE_OF_A, "w"), (A, "w"), (SYSTEM, ""), (B, "sw")),
            id="extend",
        ),
        pytest.param(
            loader.extend_program_checked(A, B, C, 10_240),
            "0900000000280000",
            accounts((CODE_OF_A, "w"), (A, "w"), (B, "s"), (SYSTEM, ""), (C, "sw")),
            id="extend, checked",
        ),
    ],
)
def test_an_instruction_is_encoded_as_the_loader_reads_it(
    instruction: Instruction, data: str, named: list[AccountMeta]
) -> None:
    assert instruction.program_id == loader.LOADER
    assert bytes(instruction.data).hex() == data
    assert instruction.accounts == named


def test_accounts_are_decoded() -> None:
    buffer = b"\x01\0\0\0\x01" + bytes(A) + b"code"
    assert loader.decode_buffer(buffer) == loader.Buffer(A, b"code")
    assert loader.decode_program(b"\x02\0\0\0" + bytes(B)) == B
    code = b"\x03\0\0\0" + (7).to_bytes(8, "little") + b"\x01" + bytes(A) + b"code\0\0"
    assert loader.decode_program_data(code) == loader.ProgramData(7, A, b"code\0\0")


def test_without_an_authority_the_content_is_in_the_same_place() -> None:
    assert loader.decode_buffer(b"\x01\0\0\0\0" + bytes(32) + b"code") == loader.Buffer(None, b"code")
    final = b"\x03\0\0\0" + bytes(8) + b"\0" + bytes(A) + b"code"
    assert loader.decode_program_data(final) == loader.ProgramData(0, None, b"code")


@pytest.mark.parametrize(
    "data", [b"", b"\x01\0\0", bytes(64), b"\x07\0\0\0" + bytes(64)], ids=["empty", "short", "new", "unknown"]
)
def test_other_bytes_are_no_account_of_the_loader(data: bytes) -> None:
    for decode in (loader.decode_buffer, loader.decode_program, loader.decode_program_data):
        with pytest.raises(loader.NotALoaderAccount):
            decode(data)


def test_an_authority_that_is_neither_there_nor_not_is_refused() -> None:
    with pytest.raises(loader.NotALoaderAccount, match="begins with 2"):
        loader.decode_buffer(b"\x01\0\0\0\x02" + bytes(40))


@pytest.mark.parametrize(
    ("content", "same"),
    [(b"elf", True), (b"elf\0\0", True), (b"elf\0x", False), (b"el", False), (b"elg", False)],
)
def test_code_is_a_program_if_nothing_but_zeros_follows(content: bytes, same: bool) -> None:
    assert loader.ProgramData(0, None, content).is_program(b"elf") is same
