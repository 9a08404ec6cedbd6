"""What a terminal is shown: texts that cannot do anything to it, amounts, and how much time is left.

Names, messages and replies are other people's; what stands between them and the terminal is here.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

from arena.economy import format_sol

_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_KEPT = frozenset("\u200c\u200d")
"""Joiners: without them some scripts cannot be read, and pictures fall apart. They do nothing by themselves."""
_NOTHING_SEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_NEW_EMOJI = range(0x1F000, 0x1FB00)
"""Kept for pictures: a terminal may know those that this Python does not."""
_INSTEAD = "\ufffd"
MAX_MARKS = 6
"""Combining marks on one character; more would reach over the lines around it."""


def plain(text: object, *, lines: bool = False) -> str:
    """`text` as it can be shown in a terminal.

    What a terminal may act upon (control characters, so escape sequences, too), what changes the direction of what
    stands around it and what is no character becomes U+FFFD; what cannot be seen is left out. Tabs are blanks, and line
    breaks are, too, unless `lines`: then each is one `\\n`.
    """
    shown: list[str] = []
    marks = 0
    for char in str(text).replace("\r\n", "\n").replace("\r", "\n"):
        if char in "\n\u2028\u2029\u0085\v\f":
            shown.append("\n" if lines else " ")
        elif char == "\t":
            shown.append(" ")
        elif char in _DIRECTION:
            shown.append(_INSTEAD)
        elif char in _NOTHING_SEEN:
            continue
        elif (category := unicodedata.category(char)) in ("Mn", "Me", "Mc"):
            marks += 1
            if marks <= MAX_MARKS:
                shown.append(char)
            continue
        elif category == "Cf":
            shown.append(char if char in _KEPT else "")
            continue
        elif category in ("Cc", "Cs", "Co") or (category == "Cn" and ord(char) not in _NEW_EMOJI):
            shown.append(_INSTEAD)
        else:
            shown.append(char)
        marks = 0
    return "".join(shown)


def short_address(address: object) -> str:
    """A wallet, told apart by its ends."""
    text = plain(address)
    return text if len(text) <= 11 else f"{text[:5]}…{text[-4:]}"


def sol(lamports: int, decimals: int = 9) -> str:
    """The number alone, for a column that says SOL: cut down to so many decimals, and nothing is not shown as 0."""
    step = 10 ** (9 - decimals)
    if 0 < lamports < step:
        return f"<{sol(step)}"
    return format_sol(lamports // step * step).removesuffix(" SOL")


def parse_time(text: str) -> datetime:
    """A time of the protocol. Raises `ValueError`."""
    return datetime.fromisoformat(text)


def time_left(until: datetime, now: datetime, *, short: bool = False) -> str:
    """As `2 d 3 h`, `3 h 5 min`, `5 min`, `40 s`; `over` if it is. `short`: the largest unit alone."""
    seconds = int((until - now).total_seconds())
    if seconds <= 0:
        return "over"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h" if hours % 24 and days < 10 and not short else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 and not short else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"
