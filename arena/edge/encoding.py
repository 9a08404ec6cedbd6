"""How bytes and addresses travel in JSON: strict types for pydantic models."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema
from solders.pubkey import Pubkey

MAX_TRANSACTION_BYTES: Final = 1232
"""What a Solana transaction may have at most: one IPv6 packet of 1280 bytes less its headers."""

_MAX_TRANSACTION_TEXT: Final = -(-MAX_TRANSACTION_BYTES // 3) * 4


def decode_base64(text: str) -> bytes:
    """Bytes from standard base64 with padding and nothing else in it.

    Raises:
        ValueError: it is not that.
    """
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("must be base64") from None


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _transaction(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise ValueError("must be a string of base64")  # noqa: TRY004 -- pydantic reports ValueErrors
    if len(value) > _MAX_TRANSACTION_TEXT:
        raise ValueError(f"must be a transaction of at most {MAX_TRANSACTION_BYTES} bytes")
    data = decode_base64(value)
    if not 1 <= len(data) <= MAX_TRANSACTION_BYTES:
        raise ValueError(f"must be a transaction of 1 to {MAX_TRANSACTION_BYTES} bytes")
    return data


TransactionBytes = Annotated[
    bytes,
    BeforeValidator(_transaction),
    PlainSerializer(encode_base64, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "minLength": 4,
            "maxLength": _MAX_TRANSACTION_TEXT,
            "description": "a Solana transaction in its wire format, base64",
        }
    ),
]
"""A transaction: bytes here, base64 in JSON."""


def _address(value: str) -> str:
    try:
        return str(Pubkey.from_string(value))
    except ValueError:
        raise ValueError("must be a Solana address in base58") from None


Address = Annotated[
    str,
    StringConstraints(min_length=32, max_length=44),
    AfterValidator(_address),
    WithJsonSchema(
        {
            "type": "string",
            "format": "solana-address",
            "minLength": 32,
            "maxLength": 44,
            "description": "32 bytes in base58",
        }
    ),
]
"""A Solana address in base58."""
