"""What a wallet may ask of the compute budget, and what we ask of it for our own transactions.

Wallets add these instructions on their own. They cannot hurt the arena; the limits protect the player from a
payment that cannot land, or that costs a fortune in priority fees.

Format: https://github.com/anza-xyz/solana-sdk/blob/master/compute-budget-interface/src/lib.rs
"""

from __future__ import annotations

import struct

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.instruction import CompiledInstruction

__all__ = ["COMPUTE_BUDGET", "BudgetRefused", "check_budget"]

# What no transaction of the arena can do with less. Wallets set the limit close to what a simulation took, so
# this must not be higher than that.
MIN_UNITS = 4_500
MAX_UNITS = 1_400_000  # the network's own limit
MAX_PRIORITY_FEE = 10_000_000  # lamports for the whole transaction: 0.01 SOL
MIN_LOADED_BYTES = 64 * 1024  # the program alone has a third of that
DEFAULT_UNITS_PER_INSTRUCTION = 200_000

_HEAP_FRAME, _UNIT_LIMIT, _UNIT_PRICE, _LOADED_BYTES = 1, 2, 3, 4
_FORMATS = {_HEAP_FRAME: "<BI", _UNIT_LIMIT: "<BI", _UNIT_PRICE: "<BQ", _LOADED_BYTES: "<BI"}


class BudgetRefused(ValueError):
    """These compute budget instructions are malformed, doubled, or out of all proportion."""


def check_budget(instructions: list[CompiledInstruction], others: int) -> None:
    """Check all compute budget instructions of one transaction that has `others` other ones.

    Raises:
        BudgetRefused: with words for the player.
    """
    asked: dict[int, int] = {}
    for instruction in instructions:
        kind, value = _parse(instruction)
        if kind in asked:
            raise BudgetRefused(
                "A compute budget setting appears twice; the network would drop the transaction."
            )
        asked[kind] = value
    units = asked.get(_UNIT_LIMIT, min(MAX_UNITS, DEFAULT_UNITS_PER_INSTRUCTION * max(1, others)))
    if not MIN_UNITS <= units <= MAX_UNITS:
        raise BudgetRefused(
            f"The compute unit limit is {units}; it has to be between {MIN_UNITS} and {MAX_UNITS}."
        )
    priority_fee = -(
        -units * asked.get(_UNIT_PRICE, 0) // 1_000_000
    )  # the price is in millionths of a lamport
    if priority_fee > MAX_PRIORITY_FEE:
        raise BudgetRefused(
            f"The priority fee is {priority_fee} lamports; more than {MAX_PRIORITY_FEE} are not accepted."
        )
    if asked.get(_LOADED_BYTES, MIN_LOADED_BYTES) < MIN_LOADED_BYTES:
        raise BudgetRefused("The limit on loaded account data is too low for the transaction to succeed.")
    heap = asked.get(_HEAP_FRAME, 32 * 1024)
    if heap % 1024 or not 32 * 1024 <= heap <= 256 * 1024:
        raise BudgetRefused("The heap size is out of range; the network would drop the transaction.")


def _parse(instruction: CompiledInstruction) -> tuple[int, int]:
    data = bytes(instruction.data)
    layout = _FORMATS.get(data[0]) if data else None
    if layout is None or len(data) != struct.calcsize(layout) or instruction.accounts:
        raise BudgetRefused("A compute budget instruction is not one of the known ones.")
    kind, value = struct.unpack(layout, data)
    return int(kind), int(value)
