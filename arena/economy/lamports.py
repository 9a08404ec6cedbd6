"""Amounts of money: integers of lamports, 10^9 of which are one SOL."""

from __future__ import annotations

import re
from typing import Final

LAMPORTS_PER_SOL: Final = 1_000_000_000

MAX_LAMPORTS: Final = 2**63 - 1
"""What a ``bigint`` of Postgres holds; some fifteen times all SOL there is."""

SMALLEST_PAYOUT: Final = 890_880
"""The rent-exempt minimum of an empty account: less may not be receivable by a wallet that is still empty.

128 bytes of account overhead, at 3480 lamports a byte-year, for two years (Solana's default rent).
"""

BPS: Final = 10_000
"""Basis points in a whole."""


def check_amount(name: str, amount: int, *, minimum: int = 0) -> None:
    """Raise :class:`ValueError` unless ``minimum <= amount <= MAX_LAMPORTS``."""
    if not minimum <= amount <= MAX_LAMPORTS:
        raise ValueError(f"{name} must be between {minimum} and {MAX_LAMPORTS} lamports, not {amount}")


def part(amount: int, bps: int) -> int:
    """``bps`` basis points of ``amount``, rounded down. Exact: the product is not limited to 64 bits."""
    return amount * bps // BPS


def format_sol(lamports: int) -> str:
    """For people: ``1_500_000_000`` is ``"1.5 SOL"``; exact to the lamport, no trailing zeros."""
    sign = "-" if lamports < 0 else ""
    whole, rest = divmod(abs(lamports), LAMPORTS_PER_SOL)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{sign}{whole}{fraction} SOL"


_SOL = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,9}))? SOL")


def parse_sol(text: str) -> int:
    """Lamports: what :func:`format_sol` shows, read back. Exact; no signs, no exponents.

    Raises:
        ValueError: it is no amount.
    """
    found = _SOL.fullmatch(text.strip())
    if found is None:
        raise ValueError('an amount is written "0.01 SOL", with at most nine decimals')
    whole, fraction = found.groups(default="")
    return int(whole) * LAMPORTS_PER_SOL + int(fraction.ljust(9, "0") or "0")
