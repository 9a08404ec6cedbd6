"""Where the game's migrations are."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

MIGRATIONS: Final[tuple[str, Traversable]] = ("arena", files("arena.store") / "migrations")
"""The name of the set and its folder, as :func:`persistence.migrate` takes them."""
