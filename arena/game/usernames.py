"""Names of users: short, plain, and none that looks like another one.

Names are of ASCII letters, digits, ``_`` and ``-`` alone. So there is one alphabet, and what may be mistaken for what
is a handful of rules instead of Unicode's thousands; whoever writes otherwise is known by the wallet, as everybody is
at first. Two names that look alike have the same skeleton, and of one skeleton there is one user.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from arena.game.services import Services
from arena.problems import Problem
from arena.store import audit, users
from arena.store.users import User
from persistence import Change, ChangeRejected

MIN_LENGTH: Final = 3
MAX_LENGTH: Final = 20

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*[A-Za-z0-9]")
_SEPARATORS: Final = str.maketrans("", "", "_-")
_ALIKE: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s"})
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def skeleton(name: str) -> str:
    """What is left of a name when everything that looks alike is the same."""
    found = name.casefold().translate(_SEPARATORS)
    for pair, letter in _PAIRS:
        found = found.replace(pair, letter)
    return found.translate(_ALIKE)


RESERVED: Final = frozenset(
    skeleton(name)
    for name in (
        "admin",
        "administrator",
        "arena",
        "creator",
        "everybody",
        "faucet",
        "house",
        "mod",
        "moderator",
        "nobody",
        "official",
        "operator",
        "owner",
        "platform",
        "root",
        "security",
        "server",
        "solana",
        "staff",
        "support",
        "system",
        "winner",
    )
)
"""Skeletons of names that would speak for the arena."""


def checked_username(text: str) -> str:
    """The name as it is stored: in NFKC, without blanks around it, in the case that was given.

    Raises:
        Problem: 422 `username_invalid`, 409 `username_taken` for one that is reserved.
    """
    name = unicodedata.normalize("NFKC", text).strip()
    if not MIN_LENGTH <= len(name) <= MAX_LENGTH:
        raise _invalid(f"It has to have {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if not _FORM.fullmatch(name):
        raise _invalid(
            "It is of the letters A to Z, digits, _ and -, and begins and ends with a letter or a digit."
        )
    if skeleton(name) in RESERVED:
        raise username_taken()
    return name


async def rename_user(services: Services, user: User, name: str | None) -> None:
    """Give a user another name, or none, and put on record who was called what. The same name again changes nothing.

    Raises:
        Problem: as `checked_username`; `username_taken`.
    """
    chosen = None if name is None else checked_username(name)
    if chosen == user.username:
        return
    change = users.rename(user.id, chosen, None if chosen is None else skeleton(chosen))
    entry = audit.record(user.wallet, "user.rename", user.wallet, {"was": user.username, "is": chosen})
    try:
        await services.journal.commit(Change(writes=(change, entry)))
    except ChangeRejected as error:
        if not users.is_name_taken(error):
            raise
        raise username_taken() from None


def username_taken() -> Problem:
    """Somebody has this name, or one that looks like it."""
    return Problem(
        "username_taken",
        "This name is taken",
        409,
        "It is somebody's, or looks like one that is. Choose another.",
    )


def _invalid(detail: str) -> Problem:
    return Problem("username_invalid", "This is no name", 422, detail)
