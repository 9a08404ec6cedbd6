"""Lamports, prices and splits: pure functions."""

from arena.economy.books import Books, ExpiryRule, PotPayout
from arena.economy.fees import FeeSchedule
from arena.economy.lamports import BPS, LAMPORTS_PER_SOL, MAX_LAMPORTS, SMALLEST_PAYOUT, format_sol, parse_sol
from arena.economy.split import Shares, Split, reward

__all__ = [
    "BPS",
    "LAMPORTS_PER_SOL",
    "MAX_LAMPORTS",
    "SMALLEST_PAYOUT",
    "Books",
    "ExpiryRule",
    "FeeSchedule",
    "PotPayout",
    "Shares",
    "Split",
    "format_sol",
    "parse_sol",
    "reward",
]
