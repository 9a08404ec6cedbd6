"""What schemathesis has to know of our values: formats that no JSON schema can describe, and ids that exist."""

from __future__ import annotations

import json
import os
from typing import Any
from zlib import crc32

import schemathesis
from hypothesis import strategies as st
from solders.pubkey import Pubkey

KNOWN: dict[str, str] = json.loads(os.environ.get("ARENA_KNOWN_IDS", "{}"))
"""Values of path parameters that lead somewhere."""

schemathesis.openapi.format(
    "solana-address", st.binary(min_size=32, max_size=32).map(lambda raw: str(Pubkey(raw)))
)


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every second id is one that exists; the others are made up."""
    for name, value in KNOWN.items():
        if (
            path_parameters
            and name in path_parameters
            and crc32(str(path_parameters[name]).encode()) % 2 == 0
        ):
            path_parameters[name] = value
    return path_parameters
