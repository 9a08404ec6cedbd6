"""Reading JSON that a stranger wrote: every function returns what it promises or raises `ValueError`."""

from __future__ import annotations

import base64
import binascii

from solders.pubkey import Pubkey
from solders.signature import Signature

U64_MAX = 2**64 - 1


class NonsenseError(ValueError):
    """A value of another kind than the protocol has there."""


def as_object(value: object) -> dict[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise NonsenseError(f"an object was expected, not {type(value).__name__}")
    return value


def as_list(value: object, length: int | None = None) -> list[object]:
    """A JSON array, of exactly `length` if that is given."""
    if not isinstance(value, list):
        raise NonsenseError(f"an array was expected, not {type(value).__name__}")
    if length is not None and len(value) != length:
        raise NonsenseError(f"an array of {length} was expected, not of {len(value)}")
    return value


def as_u64(value: object) -> int:
    """An unsigned 64-bit integer (`true` is none, nor is 1.0)."""
    if type(value) is not int or not 0 <= value <= U64_MAX:
        raise NonsenseError(f"an unsigned 64-bit integer was expected, not {value!r:.50}")
    return value


def as_time(value: object) -> int | None:
    """Unix seconds, or None where the node does not know."""
    if value is None:
        return None
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise NonsenseError(f"a time was expected, not {value!r:.50}")
    return value


def as_str(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise NonsenseError(f"a string was expected, not {type(value).__name__}")
    return value


def as_bool(value: object) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise NonsenseError(f"a boolean was expected, not {type(value).__name__}")
    return value


def as_signature(value: object) -> str:
    """The base58 text of a signature."""
    text = as_str(value)
    Signature.from_string(text)
    return text


def as_pubkey(value: object) -> Pubkey:
    """An address."""
    return Pubkey.from_string(as_str(value))


def as_base64(value: object) -> bytes:
    """The bytes of a `[data, "base64"]` pair."""
    data, encoding = as_list(value, 2)
    if encoding != "base64":
        raise NonsenseError(f"base64 was expected, not {encoding!r:.50}")
    try:
        return base64.b64decode(as_str(data), validate=True)
    except binascii.Error as error:
        raise NonsenseError("invalid base64") from error


def as_logs(value: object) -> tuple[str, ...] | None:
    """Log lines, or None where the node kept none."""
    return None if value is None else tuple(as_str(line) for line in as_list(value))
