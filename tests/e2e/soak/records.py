"""What a run remembers: its bots, what was said on its way, and how long things took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trio

SETTLING = 2.0
"""Seconds after a fault in which what takes long is still the fault's doing."""


@dataclass(slots=True)
class Bot:
    """A bot of the run."""

    id: str
    address: str
    kind: str
    creator: str
    terms: dict[str, Any]
    phrase: str
    patience: int
    """After so many verdicts it is solved, or left alone."""
    left_alone: bool = False
    ended: bool = False

    @property
    def is_to_be_solved(self) -> bool:
        return self.kind == "solved"

    def ends_later(self, seconds: float) -> bool:
        """Whether it ends by the clock, and not so soon."""
        if not self.kind.startswith("timed"):
            return False
        return datetime.fromisoformat(self.terms["closes_at"]) > datetime.now(UTC) + timedelta(
            seconds=seconds
        )

    @property
    def playable(self) -> bool:
        return not (self.left_alone or self.ended) and self.kind != "unplayed"


@dataclass(slots=True)
class Record:
    """Everything that is known at the end of a run."""

    directory: Path
    tell: Callable[[str], None]
    began: float = field(default_factory=trio.current_time)
    bots: dict[str, Bot] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    windows: list[tuple[float, float]] = field(default_factory=list)
    """When something was broken."""
    waits: list[tuple[float, float]] = field(default_factory=list)
    """From payment to verdict or refund, as the players saw it."""
    slowest: tuple[float, str] = (0.0, "")
    """Seconds of the longest of these, and which message it was."""
    figures: dict[str, int | float | str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def now(self) -> float:
        return trio.current_time() - self.began

    def say(self, text: str) -> None:
        """Told to whoever watches, and kept."""
        line = f"{self.now:8.1f} s  {text}"
        self.tell(line)
        with (self.directory / "soak.log").open("a") as log:
            log.write(f"{line}\n")

    def violation(self, text: str) -> None:
        self.wrong.append(text)
        self.say(f"WRONG: {text}")

    @contextmanager
    def fault(self, text: str) -> Iterator[None]:
        """As long as the block lasts, something is broken."""
        began = trio.current_time()
        self.say(text)
        try:
            yield
        finally:
            self.windows.append((began, trio.current_time()))

    def waited(self, since: float, who: str) -> None:
        """A player has got what was paid for."""
        now = trio.current_time()
        self.waits.append((since, now))
        self.slowest = max(self.slowest, (now - since, f"{who}, paid at {since - self.began:.1f} s"))

    def longest_undisturbed_wait(self) -> float:
        """Seconds, of the waits that no fault can have to do with."""
        return max(
            (
                end - begin
                for begin, end in self.waits
                if all(end < broke or mended + SETTLING < begin for broke, mended in self.windows)
            ),
            default=0.0,
        )

    def keep(self, name: str, content: object) -> None:
        """Evidence."""
        (self.directory / name).write_text(json.dumps(content, indent=1, default=str))
