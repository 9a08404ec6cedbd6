"""Solana's `TransactionError` as the RPC writes it: a name, or an object around an instruction's error.

The names are those of `solana_transaction_error::TransactionError` and
`solana_instruction_error::InstructionError`.
"""

from __future__ import annotations

import json


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


def custom_code(error: object) -> int | None:
    """The code with which a program refused its instruction, or None for any other error."""
    match error:
        case {"InstructionError": [int(), {"Custom": int(code)}]}:
            return code
        case _:
            return None
