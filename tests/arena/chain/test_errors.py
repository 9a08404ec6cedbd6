"""A refusal has a name and a message."""

from pathlib import Path

import pytest
from solders.transaction_status import (
    InstructionErrorCustom,
    InstructionErrorFieldless,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
)

from arena.chain.errors import ProgramError, program_error


@pytest.mark.parametrize("error", ProgramError)
def test_every_code_is_found_with_its_message(error):
    assert program_error(error.value) is error
    assert program_error(TransactionErrorInstructionError(3, InstructionErrorCustom(error.value))) is error
    assert error.message[0].islower()
    assert not error.message.endswith(".")


def test_no_code_and_no_name_stands_for_two_errors():
    assert len({error.value for error in ProgramError}) == len(ProgramError) == len(ProgramError.__members__)
    assert len({error.idl_name for error in ProgramError}) == len(ProgramError)
    assert ProgramError.BOT_NOT_OPEN.idl_name == "BotNotOpen"


@pytest.mark.parametrize(
    "error",
    [
        0,
        1,
        5_999,
        9_999,
        None,
        "InstructionError",
        TransactionErrorFieldless.BlockhashNotFound,
        TransactionErrorInstructionError(0, InstructionErrorFieldless.InvalidArgument),
        TransactionErrorInstructionError(0, InstructionErrorCustom(1)),
    ],
)
def test_what_is_not_ours_has_no_name(error):
    assert program_error(error) is None


def test_the_docs_list_every_error():
    docs = (Path(__file__).parents[3] / "docs" / "program.md").read_text()
    for error in ProgramError:
        assert f"| {error.value} | {error.idl_name} | {error.message} |" in docs
