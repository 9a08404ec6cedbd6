"""The commitment to a puzzle: what goes on chain when a bot is created, and how anyone checks it at the end.

``objective_hash = sha256(salt ‖ canonical({"kind": …, "public": …, "secret": …}))``. The salt has 32 bytes
and is the proof that is emitted at the settlement; together with the revealed configuration everyone can
compute the hash again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Final

SALT_BYTES: Final = 32


def new_salt() -> bytes:
    """A fresh random salt."""
    return os.urandom(SALT_BYTES)


def canonical(value: object) -> bytes:
    """JSON in one canonical form: sorted keys, no blanks, UTF-8 unescaped, no floats.

    Only what every JSON implementation reads and writes the same way is allowed, so floats are not.

    Raises:
        ValueError: something in it is not a text, integer, boolean, null, list, or mapping with texts as
        keys.
    """
    _check(value)
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def objective_hash(
    salt: bytes, kind: str, public: Mapping[str, object], secret: Mapping[str, object]
) -> bytes:
    """The 32 bytes that are committed to.

    Raises:
        ValueError: the salt does not have 32 bytes, or the configuration has no canonical form.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(
        salt + canonical({"kind": kind, "public": dict(public), "secret": dict(secret)})
    ).digest()


def matches(
    committed: bytes, salt: bytes, kind: str, public: Mapping[str, object], secret: Mapping[str, object]
) -> bool:
    """Whether a revealed puzzle is the one that was committed to."""
    return hmac.compare_digest(committed, objective_hash(salt, kind, public, secret))


def _check(value: object) -> None:
    match value:
        case None | bool() | int():
            pass
        case str():
            value.encode()  # a lone surrogate raises UnicodeEncodeError, a ValueError
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise ValueError(f"not canonical: a key of type {type(key).__name__}")  # noqa: TRY004
                key.encode()
                _check(item)
        case _:
            raise ValueError(f"not canonical: a {type(value).__name__}")
