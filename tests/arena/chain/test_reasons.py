"""Every way in which a transaction can fail has a code and words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders import transaction_status as solana
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from arena.chain import reasons
from arena.chain.artifacts import DEFAULT_PROGRAM_ID
from arena.chain.client import ChainClient, ChainUnavailable, TransactionRejected
from arena.chain.cosigning import LIGHTHOUSE
from arena.chain.errors import ProgramError
from arena.chain.reasons import REASONS, explain, explain_node_error
from arena.chain.transaction_errors import describe, parse
from arena.localnet.transactions import error_json

ROOT = Path(__file__).parents[3]
PAYER = Keypair.from_seed(bytes([1] * 32))
STRANGER = Pubkey.from_bytes(bytes([9] * 32))
BUDGET, OURS, GUARD, OTHER = range(4)


def made_of(*instructions: Instruction) -> bytes:
    message = Message.new_with_blockhash(list(instructions), PAYER.pubkey(), Hash.default())
    return bytes(Transaction([PAYER], message, Hash.default()))


TRANSACTION = made_of(
    set_compute_unit_limit(10_000),
    Instruction(DEFAULT_PROGRAM_ID, b"", []),
    Instruction(LIGHTHOUSE, b"", []),
    Instruction(STRANGER, b"", []),
)


def code_of(error: object) -> str:
    return explain(error, DEFAULT_PROGRAM_ID, TRANSACTION).code


def refused(code: int, at: int = OURS) -> object:
    return {"InstructionError": [at, {"Custom": code}]}


def fieldless(kind: type) -> list[Any]:
    return [getattr(kind, name) for name in dir(kind) if name[0].isupper()]


def in_json(error: Any) -> Any:
    return error_json(error)


# -- nothing is left out


def test_every_error_of_the_idl_has_a_reason_of_its_own_or_is_our_fault() -> None:
    idl = json.loads((ROOT / "arena" / "chain" / "program" / "idl.json").read_text("utf-8"))
    listed = {error["code"]: error["name"] for error in idl["errors"]}
    assert set(listed) <= {error.value for error in ProgramError}
    for error in ProgramError:
        found = explain(refused(error.value), DEFAULT_PROGRAM_ID, TRANSACTION)
        assert found.reason is reasons.BY_PROGRAM_ERROR[error]
        assert found.reason is not reasons.TRANSACTION_FAILED
        assert found.name == listed.get(error.value, error.idl_name)


@pytest.mark.parametrize("error", fieldless(solana.TransactionErrorFieldless), ids=str)
def test_every_error_of_a_transaction_has_a_reason(error: Any) -> None:
    name = in_json(error)
    assert isinstance(name, str)
    found = explain(name, DEFAULT_PROGRAM_ID, TRANSACTION)
    assert found.reason is reasons.BY_TRANSACTION_ERROR[name]
    assert found.name == name


@pytest.mark.parametrize("error", fieldless(solana.InstructionErrorFieldless), ids=str)
def test_every_error_of_an_instruction_has_a_reason(error: Any) -> None:
    value = in_json(solana.TransactionErrorInstructionError(OURS, error))
    [_, name] = value["InstructionError"]
    found = explain(value, DEFAULT_PROGRAM_ID, TRANSACTION)
    assert found.reason is reasons.BY_INSTRUCTION_ERROR[name]
    assert found.name == name


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (solana.TransactionErrorDuplicateInstruction(1), "transaction_malformed"),
        (solana.TransactionErrorInsufficientFundsForRent(0), "funds_below_rent"),
        (solana.TransactionErrorInsufficientFundsForRent(3), "transaction_failed"),
        (solana.TransactionErrorProgramExecutionTemporarilyRestricted(2), "network_busy"),
        (
            solana.TransactionErrorInstructionError(OURS, solana.InstructionErrorBorshIO("short")),
            "program_refused",
        ),
        (
            solana.TransactionErrorInstructionError(OURS, solana.InstructionErrorCustom(6002)),
            "quote_expired",
        ),
    ],
    ids=str,
)
def test_errors_with_fields_have_reasons(error: Any, code: str) -> None:
    assert code_of(in_json(error)) == code


def test_the_tables_name_nothing_that_does_not_exist() -> None:
    whole = {in_json(error) for error in fieldless(solana.TransactionErrorFieldless)}
    with_fields = {
        "DuplicateInstruction",
        "InsufficientFundsForRent",
        "ProgramExecutionTemporarilyRestricted",
    }
    assert set(reasons.BY_TRANSACTION_ERROR) == whole | with_fields
    single = {
        in_json(solana.TransactionErrorInstructionError(0, error))["InstructionError"][1]
        for error in fieldless(solana.InstructionErrorFieldless)
    }
    assert set(reasons.BY_INSTRUCTION_ERROR) == single | {"BorshIoError"}


# -- who it was that refused


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused(ProgramError.QUOTE_EXPIRED), "quote_expired"),
        (refused(ProgramError.QUOTE_EXPIRED, at=OTHER), "transaction_failed"),
        (refused(ProgramError.QUOTE_EXPIRED, at=GUARD), "guard_refused"),
        ({"InstructionError": [GUARD, "InvalidArgument"]}, "guard_refused"),
        (refused(1), "funds_insufficient"),
        (refused(0), "bot_exists"),
        (refused(1, at=OTHER), "transaction_failed"),
        (refused(5_999), "transaction_failed"),
        (refused(ProgramError.BOT_NOT_OPEN, at=200), "transaction_failed"),
    ],
)
def test_a_number_means_what_the_program_that_gave_it_means(error: object, code: str) -> None:
    assert code_of(error) == code


def test_a_code_with_another_transaction_is_nobodys() -> None:
    assert explain(refused(6002), DEFAULT_PROGRAM_ID, b"").code == "transaction_failed"


# -- what nobody has heard of


@pytest.mark.parametrize(
    "error",
    [None, 7, [], {}, {"A": 1, "B": 2}, "NewInNextYear", {"InstructionError": "x"}, {"InstructionError": []},
     {"InstructionError": [0, {"Unheard": 1}]}, {"InstructionError": [0, None]}],
)  # fmt: skip
def test_what_is_unknown_has_the_general_code(error: object) -> None:
    assert code_of(error) == "transaction_failed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=30), inner, max_size=3),
    max_leaves=6,
)


@given(json_values | st.builds(lambda cause: {"InstructionError": [OURS, cause]}, json_values))
def test_whatever_a_node_says_the_detail_is_short_and_plain(error: object) -> None:
    found = explain(error, DEFAULT_PROGRAM_ID, TRANSACTION)
    assert re.fullmatch(r"[A-Za-z0-9_ ]{0,80}", found.name)
    assert len(found.detail) < 400


@pytest.mark.parametrize("code", [-32001 - number for number in range(16)] + [-32602, 429, -1, 2**70])
def test_an_error_of_a_node_says_something_of_the_transaction_or_nothing(code: int) -> None:
    about_it = {-32002, -32003, -32006, -32013, -32015, -32602}
    assert (explain_node_error(code) is not reasons.CHAIN_UNAVAILABLE) == (code in about_it)


@pytest.mark.parametrize("code", sorted(reasons.BY_NODE_ERROR))
async def test_the_client_tells_a_bad_transaction_from_a_bad_node(code: int, scripted_node: Any) -> None:
    scripted_node.script["sendTransaction"] = scripted_node.NodeError(code, "no")
    says_nothing = explain_node_error(code) is reasons.CHAIN_UNAVAILABLE
    async with ChainClient(scripted_node.url) as client:
        with pytest.raises(ChainUnavailable if says_nothing else TransactionRejected):
            await client.send(TRANSACTION)


# -- a line in the database keeps the reason


@pytest.mark.parametrize(
    "error",
    [
        *reasons.BY_TRANSACTION_ERROR,
        *({"InstructionError": [3, name]} for name in reasons.BY_INSTRUCTION_ERROR),
        *(refused(error.value) for error in ProgramError),
        {"InsufficientFundsForRent": {"account_index": 0}},
        {"DuplicateInstruction": 2},
        {"InstructionError": [1, {"BorshIoError": "short"}]},
    ],
    ids=describe,
)
def test_an_error_is_read_back_from_its_line(error: object) -> None:
    assert parse(describe(error)) == error


@given(st.text(max_size=300))
def test_any_line_can_be_read(line: str) -> None:
    explain(parse(line), DEFAULT_PROGRAM_ID, TRANSACTION)


# -- the words


def names_of(reason: reasons.Reason) -> list[str]:
    found = [error.idl_name for error, to in reasons.BY_PROGRAM_ERROR.items() if to is reason]
    found += [name for name, to in reasons.SYSTEM_ERRORS.values() if to is reason]
    found += [name for name, to in reasons.BY_TRANSACTION_ERROR.items() if to is reason]
    found += [name for name, to in reasons.BY_INSTRUCTION_ERROR.items() if to is reason]
    return list(dict.fromkeys(found))


def table_row(reason: reasons.Reason) -> str:
    names = names_of(reason)
    shown = ", ".join(f"`{name}`" for name in names[:6]) + (" …" if len(names) > 6 else "")
    return f"| `{reason.code}` | {reason.title} | {reason.advice} | {shown} |"


def test_the_protocol_has_the_table() -> None:
    section = (ROOT / "docs" / "protocol.md").read_text("utf-8").partition("## Why a transaction failed")[2]
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    assert rows == [table_row(reason) for reason in REASONS if reason is not reasons.CHAIN_UNAVAILABLE]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_a_reason_is_one_code_and_good_english(reason: reasons.Reason) -> None:
    assert [other.code for other in REASONS].count(reason.code) == 1
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.code)
    assert re.fullmatch(r"[A-Z].*[^.]", reason.title)
    assert re.fullmatch(r"[A-Z].*\.", reason.advice)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProgramError.NOT_A_WALLET, "wallet_unusable"),
        (ProgramError.CLOSES_AT_INVALID, "terms_refused"),
        (ProgramError.SPLIT_INVALID, "terms_refused"),
        (ProgramError.BOT_EXISTS, "bot_exists"),
    ],
)
def test_what_a_creator_or_a_player_can_put_right_has_its_own_code(error: ProgramError, code: str) -> None:
    assert code_of(refused(error.value)) == code
