"""What may be shown of values that nobody has looked through: secrets taken out, everything limited, always JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import islice
from typing import TypeAlias
from uuid import UUID

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MAX_TEXT = 200
"""Longest text, in characters; what is longer is cut, and says how long it was."""
MAX_ITEMS = 50
"""Most members of one object or list."""
MAX_DEPTH = 6
"""Deepest nesting."""
MAX_VALUES = 300
"""Most values in all."""
MAX_KEY = 64
MAX_INTEGER_BITS = 64

REDACTED = "[redacted]"

_SECRET_WORDS = (
    "secret", "token", "key", "passw", "passcode", "pwd", "phrase", "signature", "solution", "authoriz", "bearer",
    "cookie", "credential", "private", "mnemonic", "seed", "salt", "proof", "jwt", "nonce", "certificate",
)  # fmt: skip
_NOT_LETTERS = re.compile(r"[\W_]+")
_URL = re.compile(r"\b([a-z][a-z0-9+.-]{0,20})://(\S*)", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*")
_BEARER = re.compile(r"\b(bearer|basic)\s+\S+", re.IGNORECASE)
_SECRET_IN_TEXT = re.compile(
    rf"((?:{'|'.join(_SECRET_WORDS)})[\w \-]{{0,40}}['\"\])]{{0,3}}\s{{0,3}}[=:]).*",
    re.IGNORECASE | re.DOTALL,
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def redact(value: object) -> Json:
    """The value as JSON of limited size.

    What stands under a name that sounds like a secret is not shown, except for None and booleans; nor are bytes, nor
    objects of a class with such a name. Dataclasses are shown by their fields, without those that their representation
    leaves out; anything else that is not JSON by its representation, as `redact_text` shows it.
    """
    return _Redaction().show(value, 0)


def redact_text(text: str, limit: int = MAX_TEXT) -> str:
    """The text without what looks like a secret, at most ``limit`` characters of it.

    Not shown are the rest of a text after the name of a secret with `=` or `:`, bearer tokens and JWTs, and what
    follows the host in a URL.
    """
    # Far more than is shown, far less than would take long; a secret that the cut goes through is cut off with it.
    shown = text[: 8 * limit]
    shown = _UNPRINTABLE.sub("\ufffd", shown)
    shown = _URL.sub(_host_only, shown)
    shown = _JWT.sub(REDACTED, shown)
    shown = _BEARER.sub(rf"\1 {REDACTED}", shown)
    shown = _SECRET_IN_TEXT.sub(rf"\1 {REDACTED}", shown)
    if len(shown) <= limit and len(text) <= 8 * limit:
        return shown
    return f"{shown[:limit]}… ({len(text)} characters)"


def is_secret_name(name: str) -> bool:
    """Whether what has this name is likely to be a secret. Rather too often than too seldom."""
    letters = _NOT_LETTERS.sub("", name).lower()
    return any(word in letters for word in _SECRET_WORDS)


class _Redaction:
    """One value being shown."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def show(self, value: object, depth: int) -> Json:
        self._left -= 1
        if self._left < 0:
            return "…"
        try:
            return self._show(value, depth)
        except Exception:  # noqa: BLE001 (whatever is wrong with it: it must not break who looks)
            return f"<{type(value).__name__}>"

    def _show(self, value: object, depth: int) -> Json:
        match value:
            case None | bool():
                return value
            case int():
                bits = int(value).bit_length()
                return int(value) if bits <= MAX_INTEGER_BITS else f"<integer of {bits} bits>"
            case float():
                return float(value) if math.isfinite(value) else str(float(value))
            case str():
                return redact_text(str.__str__(value))
            case bytes() | bytearray() | memoryview():
                return f"<{len(value)} bytes>"
            case UUID() | date():
                return str(value)
        if depth >= MAX_DEPTH:
            return f"<{type(value).__name__}>"
        match value:
            case Mapping():
                return self._members(value.items(), len(value), depth)
            case (str(name), _) if is_secret_name(name):
                return [redact_text(name, MAX_KEY), REDACTED]
            case tuple() if (names := getattr(value, "_fields", None)) is not None:
                return self._members(zip(names, value, strict=True), len(value), depth)
            case Sequence() | Set():
                return self._items(value, depth)
        if is_secret_name(type(value).__name__):
            return f"<{type(value).__name__}>"
        if is_dataclass(value) and not isinstance(value, type):
            shown = [field.name for field in fields(value) if field.repr]
            return self._members(((name, getattr(value, name)) for name in shown), len(shown), depth)
        return redact_text(repr(value))

    def _members(self, members: Iterable[tuple[object, object]], count: int, depth: int) -> Json:
        found: dict[str, Json] = {}
        for key, member in islice(members, min(MAX_ITEMS, max(self._left, 0))):
            name = _name(key)
            secret = is_secret_name(name) and not isinstance(member, bool | None)
            found[redact_text(name, MAX_KEY)] = REDACTED if secret else self.show(member, depth + 1)
        if count > len(found):
            found["…"] = f"{count - len(found)} more"
        return found

    def _items(self, items: Sequence[object] | Set[object], depth: int) -> Json:
        found = [self.show(item, depth + 1) for item in islice(items, min(MAX_ITEMS, max(self._left, 0)))]
        if len(items) > len(found):
            found.append(f"… {len(items) - len(found)} more")
        return found


def _name(key: object) -> str:
    match key:
        case str():
            return str.__str__(key)
        case bytes() | bytearray():
            return f"<{len(key)} bytes>"
        case _:
            return repr(key)


def _host_only(url: re.Match[str]) -> str:
    scheme, rest = url[1], url[2]
    if "@" in rest:
        return f"{scheme}://{REDACTED}"
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}://{host}" if host == rest else f"{scheme}://{host}/…"
