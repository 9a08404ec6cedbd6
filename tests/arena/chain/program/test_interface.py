"""One interface in four spellings: description, IDL, C and Python say the same."""

import dataclasses
import json
import re
from enum import IntEnum
from hashlib import sha256
from uuid import UUID

import pytest
from anchorpy.error import LangErrorMessage
from pyheck import snake
from solders.pubkey import Pubkey

from arena.chain import accounts, events, instructions
from arena.chain.accounts import BotAccount, BotStatus, ExpiryRule
from arena.chain.artifacts import DEFAULT_PROGRAM_ID, idl
from arena.chain.errors import FIRST_OWN_CODE, ProgramError
from arena.chain.program import interface
from arena.chain.program.build import FOLDER

C_SOURCE = "".join(path.read_text() for path in sorted(FOLDER.glob("*.[ch]")))

# How the client's types stand for the IDL's.
SPELLINGS = {
    "UUID": {16},
    "bytes": {32},
    "Pubkey": {"publicKey"},
    "int": {"u8", "u16", "u32", "u64", "i64"},
    "bool": {"bool"},
    "ExpiryRule": {"u8"},
    "BotStatus": {"u8"},
    "CloseReason": {"u8"},
}


def python_fields(kind):
    """Names and IDL-like types of a dataclass of the client."""
    return {
        field.name: (
            field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))
        )
        for field in dataclasses.fields(kind)
    }


def agree(members, kind, extra=frozenset()):
    declared = python_fields(kind)
    names = {member.name for member in members}
    assert names - {"reserved"} == set(declared) - extra
    for member in members:
        if member.name != "reserved":
            spelling = declared[member.name].replace(" | None", "").rsplit(".", 1)[-1]
            assert member.type in SPELLINGS[spelling], member.name


def test_the_committed_idl_is_the_described_one():
    assert json.loads((FOLDER / "idl.json").read_text()) == interface.idl()
    assert (FOLDER / "interface.h").read_text() == interface.header()


def test_anchorpy_reads_the_idl():
    parsed = idl()
    assert parsed.name == "arena_bot"
    assert [snake(instruction.name) for instruction in parsed.instructions] == [
        instruction.name for instruction in interface.INSTRUCTIONS
    ]
    assert [event.name for event in parsed.events] == [event.name for event in interface.EVENTS]
    assert [error.code for error in parsed.errors] == [
        error.value for error in ProgramError if error >= FIRST_OWN_CODE
    ]


def test_the_account_agrees_with_the_client():
    agree(interface.BOT, BotAccount)
    assert interface.encoded_size(interface.BOT) == accounts.BOT_SIZE


@pytest.mark.parametrize("event", interface.EVENTS, ids=lambda event: event.name)
def test_every_event_agrees_with_the_client(event):
    agree(event.fields, getattr(events, event.name))


@pytest.mark.parametrize("instruction", interface.INSTRUCTIONS, ids=lambda instruction: instruction.name)
def test_every_instruction_agrees_with_the_client(instruction):
    kind = getattr(instructions, "".join(part.title() for part in instruction.name.split("_")))
    declared = set(python_fields(kind))
    if "terms" in declared:
        declared = declared - {"terms"} | set(python_fields(instructions.BotTerms))
    expected = {member.name for member in instruction.arguments}
    expected |= {account.name for account in instruction.accounts} - {"system_program"}
    expected |= {f"{account.name}_signs" for account in instruction.accounts if account.optional_signer}
    assert declared == expected


def test_every_name_of_the_interface_is_used_in_c():
    handwritten = "".join(
        path.read_text() for path in FOLDER.glob("*.[ch]") if path.name not in ("interface.h", "sol.h")
    )
    for error in ProgramError:
        assert f"E_{error.name}" in handwritten, error.name
    for instruction in interface.INSTRUCTIONS:
        assert f"IX_{instruction.name.upper()}:" in handwritten
        for account in instruction.accounts:
            assert f"{instruction.name.upper()}__{account.name.upper()}" in handwritten, account.name
        for argument in instruction.arguments:
            assert f"args->{argument.name}" in handwritten, argument.name
    for event in interface.EVENTS:
        assert f"= EVENT_{event.name.upper()};" in handwritten
        assert f"{event.name.upper()}EVENT_SIZE" in handwritten


@pytest.mark.parametrize("event", interface.EVENTS, ids=lambda event: event.name)
def test_every_field_of_an_event_is_written(event):
    (body,) = re.findall(rf"{event.name}Event event;(.*?)EVENT_SIZE", C_SOURCE, re.DOTALL)
    for field in event.own_fields:
        assert re.search(rf"event\.{field.name}\b", body), field.name


@pytest.mark.parametrize(
    ("prefix", "kind"), [("STATUS", BotStatus), ("EXPIRY", ExpiryRule), ("CLOSED", events.CloseReason)]
)
def test_enumerations_have_the_same_values_in_c(prefix, kind: type[IntEnum]):
    in_c = dict(re.findall(rf"\b{prefix}_([A-Z_]+) = (\d+)", C_SOURCE))
    assert {name: int(value) for name, value in in_c.items()} == {
        member.name: member.value for member in kind
    }


def test_constants_have_the_same_values_in_c():
    assert f"#define GRACE ({accounts.GRACE_SECONDS // 86_400} * DAY)" in C_SOURCE
    assert f"#define MAX_LIFETIME ({accounts.MAX_LIFETIME_SECONDS // 86_400} * DAY)" in C_SOURCE
    assert f"#define BPS {accounts.BPS}ULL" in C_SOURCE
    assert f"#define BOT_VERSION {accounts.BOT_VERSION}\n" in C_SOURCE


def test_discriminators_are_anchors():
    assert interface.INSTRUCTIONS[0].discriminator == sha256(b"global:create_bot").digest()[:8]
    assert interface.EVENTS[0].discriminator == sha256(b"event:BotCreated").digest()[:8]
    parts = [*interface.INSTRUCTIONS, *interface.EVENTS]
    assert len({part.discriminator for part in parts}) == len(parts)


def test_codes_below_ours_are_anchors():
    known = {int(code) for code in LangErrorMessage}
    assert {error.value for error in ProgramError if error < FIRST_OWN_CODE} <= known


def test_a_field_off_its_alignment_is_found():
    with pytest.raises(ValueError, match="late at offset 9"):
        interface.check_alignment("thing", interface.fields("early: u8\nlate: u64"))


def test_types_are_the_ones_that_the_test_knows():
    assert {UUID.__name__, Pubkey.__name__} <= SPELLINGS.keys()
    assert str(DEFAULT_PROGRAM_ID) == interface.idl()["metadata"]["address"]
