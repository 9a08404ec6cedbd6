"""Lamports, prices and splits: pure functions."""
