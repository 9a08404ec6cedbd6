"""Solana's `TransactionError` as the RPC writes it: a name, or an object around an instruction's error.

The names are those of `solana_transaction_error::TransactionError` and
`solana_instruction_error::InstructionError`.
"""

from __future__ import annotations

import json
import re

_INSTRUCTION = re.compile(r"InstructionError\((\d{1,3})\): (?:Custom (\d{1,10})|(\w{1,150}))")


def describe(error: object) -> str:
    """One line for a log or a table, such as `InstructionError(0): Custom 6001`."""
    match error:
        case str():
            return error[:200]
        case {"InstructionError": [int(index), {"Custom": int(code)}]}:
            return f"InstructionError({index}): Custom {code}"
        case {"InstructionError": [int(index), str(name)]}:
            return f"InstructionError({index}): {name[:150]}"
        case _:
            return json.dumps(error, default=repr)[:200]


def parse(line: str) -> object:
    """The error that `describe` made this line of. What was cut comes back as the line itself."""
    if found := _INSTRUCTION.fullmatch(line):
        index, code, name = found.groups()
        return {"InstructionError": [int(index), {"Custom": int(code)} if code is not None else name]}
    if line.startswith("{"):
        try:
            error: object = json.loads(line)
        except ValueError:
            return line
        return error
    return line


def custom_code(error: object) -> int | None:
    """The code with which a program refused its instruction, or None for any other error."""
    match error:
        case {"InstructionError": [int(), {"Custom": int(code)}]}:
            return code
        case _:
            return None
