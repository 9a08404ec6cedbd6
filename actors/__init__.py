"""Supervised actors on trio."""
