"""Our coder against anchorpy's, which knows the program by its IDL alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from arena.chain.artifacts import coder
from arena.chain.codec import EVENT, INSTRUCTION
from arena.chain.program.interface import EVENTS, INSTRUCTIONS, Field

_NUMBERS = {
    "u8": (0, 2**8),
    "u16": (0, 2**16),
    "u32": (0, 2**32),
    "u64": (0, 2**64),
    "i64": (-(2**63), 2**63),
}


def values_of(members: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    def of_one(member: Field) -> st.SearchStrategy[Any]:
        if isinstance(member.type, int):
            return st.binary(min_size=member.type, max_size=member.type)
        if member.type == "bool":
            return st.booleans()
        if member.type == "publicKey":
            return st.binary(min_size=32, max_size=32).map(Pubkey.from_bytes)
        low, end = _NUMBERS[member.type]
        return st.integers(low, end - 1)

    return st.fixed_dictionaries({member.name: of_one(member) for member in members})


@given(st.data())
@pytest.mark.parametrize("instruction", INSTRUCTIONS, ids=lambda instruction: instruction.name)
def test_instructions_are_what_anchorpy_makes_of_them(instruction: Any, data: st.DataObject) -> None:
    values = data.draw(values_of(instruction.arguments))
    assert INSTRUCTION[instruction.name].encode(values) == coder().instruction.encode(
        instruction.name, values
    )


@given(st.data())
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_events_are_read_as_anchorpy_reads_them(event: Any, data: st.DataObject) -> None:
    values = data.draw(values_of(event.fields))
    name, form = EVENT[event.discriminator]
    raw = form.encode(values)
    theirs = coder().events.parse(raw)
    assert name == theirs.name == event.name
    assert form.size == len(raw) == 8 + coder().events.layouts[name].sizeof()
    assert form.decode(raw) == values
    for field, value in vars(theirs.data).items():
        if field in values:
            assert (bytes(value) if isinstance(value, list) else value) == values[field]


def test_a_hash_of_another_length_is_refused_not_padded() -> None:
    arguments = {"message_id": bytes(15), "content_hash": bytes(32), "amount": 1, "valid_until": 1}
    with pytest.raises(ValueError, match="message_id"):
        INSTRUCTION["record_message_fee"].encode(arguments)
