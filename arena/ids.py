"""Ids: UUID version 7 (RFC 9562), so that they sort by the time at which they were made."""

from __future__ import annotations

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """A fresh UUIDv7. Ids of one process are strictly increasing.

    A plain :class:`uuid.UUID`, not the subclass of the library, so that equality, pickling and drivers
    behave as everywhere else.
    """
    return UUID(bytes=uuid6.uuid7().bytes)
