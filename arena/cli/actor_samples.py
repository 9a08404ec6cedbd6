"""Asking an arena for its actors, at a cost that does not grow with their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from arena.cli.actor_board import STUCK_AFTER, Sample
from arena.cli.arena_client import ArenaClient, Json

PAGE: Final = 1000
"""Actors that are asked for at a time, which is the most that there are on a page."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which actors; see docs/protocol.md, "Looking at actors". All of these must hold."""

    under: str = "/"
    levels: int | None = None
    kind: str | None = None
    state: tuple[str, ...] = ()
    path: str = ""
    min_depth: int = 0
    failed: bool = False
    handling_for: float | None = None

    def query(self, **more: Any) -> str:
        asked: dict[str, Any] = {
            "under": self.under,
            "levels": self.levels,
            "kind": self.kind,
            "state": list(self.state) or None,
            "path": self.path or None,
            "min_depth": self.min_depth or None,
            "failed": "true" if self.failed else None,
            "handling_for": self.handling_for,
            "limit": PAGE,
            **more,
        }
        return urlencode({name: value for name, value in asked.items() if value is not None}, doseq=True)


async def sample(client: ArenaClient, filters: Filters) -> Sample:
    """One look: a page of what matches, and, if that is not all, also where messages wait and what has failed.

    Raises:
        ArenaError: the arena does not answer, or not this wallet.
    """

    async def ask(**more: Any) -> Json:
        return await client.call("GET", f"/admin/actors?{filters.query(**more)}")

    page = await ask()
    stuck = await ask(handling_for=max(STUCK_AFTER, filters.handling_for or 0))
    pages = [page, stuck]
    if page["next_cursor"] is not None:
        pages += [await ask(min_depth=max(1, filters.min_depth)), await ask(failed="true")]
    known = {actor["path"]: actor for found in pages for actor in found["actors"]}
    return Sample(
        actors=tuple(known.values()),
        total=page["total"],
        by_state=page["by_state"],
        by_kind=page["by_kind"],
        stuck=stuck["total"],
        dead_letters=page["dead_letters"],
    )
