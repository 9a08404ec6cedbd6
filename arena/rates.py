"""How much of something there may be: so many at once, and so many in so many seconds over time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_FORM = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,6})\s*")


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `count` tokens that fills up evenly in `seconds`.

    A rate of 0 is no limit.
    """

    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `count/seconds`, such as `600/60`; `0` alone is no limit.

        Raises:
            ValueError: it is not of this form.
        """
        if text.strip() == "0":
            return cls(0, 1)
        found = _FORM.fullmatch(text)
        if found is None or int(found[2]) == 0:
            raise ValueError("must be count/seconds such as 600/60, or 0 for no limit")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.count}/{self.seconds}" if self.count else "0"
